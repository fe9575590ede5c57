"""Gap ``ttl_removals``."""

from __future__ import annotations

import time

from support import Account, until


def _enable(account: Account) -> None:
    account.client("dynamodb").update_time_to_live(
        TableName="items", TimeToLiveSpecification={"Enabled": True, "AttributeName": "ttl"})


def _left(account: Account) -> set[str]:
    return {item["sk"]["S"] for item in account.client("dynamodb").scan(TableName="items")["Items"]}


def test_an_expired_item_goes_and_the_stream_names_the_service(account: Account) -> None:
    stream = account.table()
    _enable(account)
    account.put("due", ttl={"N": str(int(time.time()) - 5)})
    until(lambda: "due" not in _left(account), 5, "the removal")
    removal = account.stream(stream)[-1]
    assert removal["eventName"] == "REMOVE"
    assert removal["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
    assert removal["dynamodb"]["OldImage"]["sk"] == {"S": "due"}


def test_a_function_sees_the_identity_in_event_spelling(account: Account) -> None:
    stream = account.table()
    _enable(account)
    function = account.function("watch", "def handle(event):\n    record(event['Records'])")
    account.client("lambda").create_event_source_mapping(
        EventSourceArn=stream, FunctionName=function, StartingPosition="TRIM_HORIZON")
    account.put("due", ttl={"N": str(int(time.time()) - 5)})
    records = until(lambda: [record for batch in account.records("watch") for record in batch
                             if record["eventName"] == "REMOVE"], 8, "the REMOVE event")
    assert records[0]["userIdentity"] == {"type": "Service", "principalId": "dynamodb.amazonaws.com"}


def test_what_is_not_due_stays(account: Account) -> None:
    account.table()
    _enable(account)
    now = int(time.time())
    account.put("later", ttl={"N": str(now + 3600)})
    account.put("text", ttl={"S": str(now - 5)})
    account.put("ancient", ttl={"N": str(now - 6 * 365 * 86400)})
    account.put("none")
    account.put("due", ttl={"N": str(now - 5)})
    until(lambda: "due" not in _left(account), 5, "the removal")
    assert _left(account) == {"later", "text", "ancient", "none"}


def test_an_ordinary_delete_has_no_identity(account: Account) -> None:
    stream = account.table()
    account.put("gone")
    account.client("dynamodb").delete_item(TableName="items", Key={"pk": {"S": "subject"}, "sk": {"S": "gone"}})
    assert account.stream(stream)[-1]["eventName"] == "REMOVE"
    assert "userIdentity" not in account.stream(stream)[-1]
