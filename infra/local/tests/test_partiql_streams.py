"""Gap ``partiql_streams``, and the conditional DELETE a purge is made of."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from support import Account

KEY = "pk = 'subject' AND sk = ?"


def _purge(account: Account, condition: str, *sort_keys: str) -> list[dict]:
    statement = f'DELETE FROM "items" WHERE pk = ? AND sk = ? AND due <= ? AND {condition}'
    return account.client("dynamodb").batch_execute_statement(Statements=[
        {"Statement": statement, "Parameters": [{"S": "subject"}, {"S": sort_key}, {"N": "50"}],
         "ReturnValuesOnConditionCheckFailure": "ALL_OLD"} for sort_key in sort_keys])["Responses"]


@pytest.mark.parametrize("condition", ["hold IS MISSING", "attribute_not_exists(hold)"])
def test_a_batch_purges_what_is_due_and_reports_the_rest(account: Account, condition: str) -> None:
    stream = account.table()
    account.put("due", due={"N": "10"})
    account.put("later", due={"N": "99"})
    account.put("held", due={"N": "10"}, hold={"S": "dispute"})
    account.put("also-due", due={"N": "50"})
    answers = _purge(account, condition, "due", "later", "held", "absent", "also-due")
    assert [answer.get("Error", {}).get("Code") for answer in answers] == [
        None, "ConditionalCheckFailed", "ConditionalCheckFailed", None, None]
    assert answers[2]["Error"]["Item"]["hold"] == {"S": "dispute"}
    left = {item["sk"]["S"] for item in account.client("dynamodb").scan(TableName="items")["Items"]}
    assert left == {"later", "held"}
    removed = [record["dynamodb"]["OldImage"]["sk"]["S"] for record in account.stream(stream)
               if record["eventName"] == "REMOVE"]
    assert removed == ["due", "also-due"]


def test_insert_and_update_tell_the_stream(account: Account) -> None:
    stream, dynamodb = account.table(), account.client("dynamodb")
    dynamodb.execute_statement(Statement="INSERT INTO \"items\" VALUE {'pk': 'subject', 'sk': 'a', 'n': 1}")
    dynamodb.execute_statement(Statement=f'UPDATE "items" SET n = 2 WHERE {KEY}', Parameters=[{"S": "a"}])
    inserted, modified = account.stream(stream)
    assert inserted["eventName"] == "INSERT"
    assert modified["eventName"] == "MODIFY"
    assert modified["dynamodb"]["OldImage"]["n"] == {"N": "1"}
    assert modified["dynamodb"]["NewImage"]["n"] == {"N": "2"}


def test_a_transaction_tells_all_or_nothing(account: Account) -> None:
    stream, dynamodb = account.table(), account.client("dynamodb")
    account.put("a")
    account.put("b")
    delete = f'DELETE FROM "items" WHERE {KEY}'
    with pytest.raises(ClientError, match="TransactionCanceledException"):
        dynamodb.execute_transaction(TransactStatements=[
            {"Statement": delete, "Parameters": [{"S": "a"}]},
            {"Statement": f"{delete} AND n = 1", "Parameters": [{"S": "b"}]}])
    assert len(account.stream(stream)) == 2
    dynamodb.execute_transaction(TransactStatements=[
        {"Statement": delete, "Parameters": [{"S": sort_key}]} for sort_key in ("a", "b")])
    assert [record["eventName"] for record in account.stream(stream)][2:] == ["REMOVE", "REMOVE"]
