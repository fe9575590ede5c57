"""Gap ``iam_resources``: permissions of PartiQL statements, of batches of messages and of sending mail."""

from __future__ import annotations

import json

from support import ATTEMPT, REGION, Account

PURGE = ATTEMPT + """
def handle(event):
    dynamodb = boto3.client("dynamodb")
    where = " FROM items WHERE pk = 'subject' AND sk = 'a'"
    def batch(*statements):
        return attempt(dynamodb.batch_execute_statement, Statements=[{"Statement": text} for text in statements])
    return {
        "delete": batch("DELETE" + where),
        "select": batch("SELECT *" + where),
        "delete elsewhere": batch("DELETE FROM others WHERE pk = 'subject' AND sk = 'a'"),
        "delete both": batch("DELETE" + where, "DELETE FROM others WHERE pk = 'subject' AND sk = 'a'"),
        "single": attempt(dynamodb.execute_statement, Statement="DELETE" + where),
        "transaction": attempt(dynamodb.execute_transaction, TransactStatements=[{"Statement": "DELETE" + where}]),
    }
"""
BATCH = ATTEMPT + """
def handle(event):
    sqs = boto3.client("sqs")
    def batch(queue):
        entries = [{"Id": "1", "MessageBody": "m"}]
        return attempt(sqs.send_message_batch, QueueUrl=event[queue], Entries=entries)
    deletes = [{"Id": "1", "ReceiptHandle": "none"}]
    return {
        "send": batch("own"),
        "send elsewhere": batch("other"),
        "delete": attempt(sqs.delete_message_batch, QueueUrl=event["own"], Entries=deletes),
    }
"""
SEND = ATTEMPT + """
def handle(event):
    return {sender: attempt(
        boto3.client("sesv2").send_email, FromEmailAddress=sender, Destination={"ToAddresses": ["ada@example.net"]},
        Content={"Simple": {"Subject": {"Data": "s"}, "Body": {"Text": {"Data": "t"}}}}) for sender in event}
"""


def _invoke(account: Account, name: str, event: object = None) -> dict:
    answer = account.client("lambda").invoke(FunctionName=name, Payload=json.dumps(event).encode())
    return json.loads(answer["Payload"].read())


def test_a_statement_needs_its_own_permission_on_its_table(enforced: Account) -> None:
    enforced.table("items")
    enforced.table("others")
    enforced.put("a")
    role = enforced.role("purge", ("dynamodb:PartiQLDelete", f"arn:aws:dynamodb:{REGION}:{enforced.id}:table/items"))
    enforced.function("purge", PURGE, role=role, flags="-I")
    assert _invoke(enforced, "purge") == {
        "delete": "allowed",
        "select": "AccessDeniedException",
        "delete elsewhere": "AccessDeniedException",
        "delete both": "AccessDeniedException",
        "single": "allowed",
        "transaction": "allowed",
    }


def test_a_batch_of_messages_needs_the_permission_of_one(enforced: Account) -> None:
    own, arn = enforced.queue("own")
    other, _ = enforced.queue("other")
    enforced.function("relay", BATCH, role=enforced.role("relay", ("sqs:SendMessage", arn)), flags="-I")
    assert _invoke(enforced, "relay", {"own": own, "other": other}) == {
        "send": "allowed",
        "send elsewhere": "AccessDenied",
        "delete": "AccessDenied",
    }


def test_mail_is_sent_by_the_identity_the_role_names(enforced: Account) -> None:
    for identity in ("example.com", "dpo@example.org"):
        enforced.client("sesv2").create_email_identity(EmailIdentity=identity)
    arn = f"arn:aws:ses:{REGION}:{enforced.id}:identity/"
    enforced.function("domain", SEND, role=enforced.role("domain", ("ses:SendEmail", f"{arn}example.com")), flags="-I")
    enforced.function("address", SEND, role=enforced.role("address", ("ses:SendEmail", f"{arn}dpo@example.org")), flags="-I")
    senders = ["Habeas <noreply@example.com>", "dpo@example.org"]
    assert list(_invoke(enforced, "domain", senders).values()) == ["allowed", "AccessDeniedException"]
    assert list(_invoke(enforced, "address", senders).values()) == ["AccessDeniedException", "allowed"]
