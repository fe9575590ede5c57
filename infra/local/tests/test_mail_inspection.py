"""Gap ``mail_inspection``: tags and headers of sent mail can be seen."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from support import Account, http


def _send(account: Account, **extra: object) -> str:
    return account.client("sesv2").send_email(
        FromEmailAddress="noreply@example.com", Destination={"ToAddresses": ["ada@example.com"]},
        Content={"Simple": {"Subject": {"Data": "Your request"}, "Body": {"Text": {"Data": "Hello"}},
                            "Headers": [{"Name": "X-Request", "Value": "r1"}]}}, **extra)["MessageId"]


def test_a_message_is_found_by_its_tag(account: Account) -> None:
    account.client("sesv2").create_email_identity(EmailIdentity="example.com")
    sent = _send(account, EmailTags=[{"Name": "request", "Value": "r1"}], ReplyToAddresses=["dpo@example.com"])
    _send(account)
    listing = http("GET", f"{account.emulator.url}/_ministack/ses/messages?account={account.id}").json["messages"]
    tagged, plain = listing[account.id]
    assert tagged["MessageId"] == sent
    assert tagged["EmailTags"] == [{"Name": "request", "Value": "r1"}]
    assert tagged["Headers"] == [{"Name": "X-Request", "Value": "r1"}]
    assert tagged["ReplyToAddresses"] == ["dpo@example.com"]
    assert (tagged["Subject"], tagged["BodyText"], tagged["To"]) == ("Your request", "Hello", ["ada@example.com"])
    assert "EmailTags" not in plain


def test_mail_from_an_unverified_address_is_rejected(account: Account) -> None:
    with pytest.raises(ClientError, match="MessageRejected"):
        _send(account)
