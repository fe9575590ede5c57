"""Gap ``api_accounts``: a public API answers whoever owns it."""

from __future__ import annotations

from support import Account, api_template, api_url, http


def test_an_anonymous_caller_reaches_the_api_of_any_account(account: Account) -> None:
    url = api_url(account, account.deploy(api_template(account, {"Open": {"Path": "/open", "Method": "GET"}})))
    answer = http("GET", f"{url}/open")
    assert answer.status == 200
    assert answer.json["requestContext"]["accountId"] == account.id


def test_an_unknown_api_is_not_found(account: Account) -> None:
    assert http("GET", api_url(account, {"ApiId": "nosuchapi"}) + "/open").status == 404
