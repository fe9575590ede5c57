"""Gap ``stream_mapping``: failures of a DynamoDB stream's function."""

from __future__ import annotations

import json
import re
import time

from support import REGION, Account, until

# The function fails a batch that holds an item whose sort key starts with "bad".
THROW = """
def handle(event):
    keys = [change["dynamodb"]["Keys"]["sk"]["S"] for change in event["Records"]]
    record(keys)
    if any(key.startswith("bad") for key in keys):
        raise ValueError("poison")
"""
REPORT = """
def handle(event):
    keys = [change["dynamodb"]["Keys"]["sk"]["S"] for change in event["Records"]]
    record(keys)
    return {"batchItemFailures": [{"itemIdentifier": change["dynamodb"]["SequenceNumber"]} for change in event["Records"]
                                  if change["dynamodb"]["Keys"]["sk"]["S"].startswith("bad")][:1]}
"""


def _map(account: Account, handler: str, destination: str | None = None, name: str = "react", **wish: object) -> str:
    stream = account.client("dynamodb").describe_table(TableName="items")["Table"]["LatestStreamArn"]
    if destination:
        wish["DestinationConfig"] = {"OnFailure": {"Destination": destination}}
    mapping = account.client("lambda").create_event_source_mapping(
        EventSourceArn=stream, FunctionName=account.function(name, handler), StartingPosition="TRIM_HORIZON",
        BatchSize=10, **wish)
    return mapping["UUID"]


def _put(account: Account, *sort_keys: str) -> None:
    for sort_key in sort_keys:
        account.put(sort_key)


def test_exhausted_retries_go_to_a_queue_and_the_shard_goes_on(account: Account) -> None:
    account.table()
    dead_url, dead_arn = account.queue("dead")
    _put(account, "bad")
    _map(account, THROW, dead_arn, MaximumRetryAttempts=2)
    (body,) = until(lambda: account.bodies(dead_url), 10, "the failure record")
    failure = json.loads(body)
    assert account.records("react") == [["bad"]] * 3
    assert failure["requestContext"]["condition"] == "RetryAttemptsExhausted"
    assert failure["requestContext"]["approximateInvokeCount"] == 3
    assert failure["DDBStreamBatchInfo"]["batchSize"] == 1
    assert "payload" not in failure
    _put(account, "good")
    until(lambda: account.records("react")[-1] == ["good"], 5, "the next batch")


def test_a_bucket_gets_the_record_with_its_payload(account: Account) -> None:
    account.table()
    bucket = f"failures-{account.id}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    _put(account, "bad")
    mapping = _map(account, THROW, f"arn:aws:s3:::{bucket}", MaximumRetryAttempts=0)
    (found,) = until(lambda: s3.list_objects_v2(Bucket=bucket).get("Contents"), 10, "the object")
    assert re.fullmatch(rf"aws/lambda/{mapping}/shardId-[\d-]+/\d{{4}}/\d\d/\d\d/[\dT.-]+-[0-9a-f-]{{36}}", found["Key"])
    failure = json.loads(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read())
    (change,) = json.loads(failure["payload"])["Records"]
    assert change["dynamodb"]["NewImage"]["sk"] == {"S": "bad"}
    assert failure["DDBStreamBatchInfo"]["startSequenceNumber"] == change["dynamodb"]["SequenceNumber"]


def test_bisecting_isolates_the_poison(account: Account) -> None:
    account.table()
    dead_url, dead_arn = account.queue("dead")
    _put(account, "a", "b", "bad", "d")
    _map(account, THROW, dead_arn, MaximumRetryAttempts=0, BisectBatchOnFunctionError=True)
    (body,) = until(lambda: account.bodies(dead_url), 10, "the failure record")
    assert json.loads(body)["DDBStreamBatchInfo"]["batchSize"] == 1
    until(lambda: ["d"] in account.records("react"), 5, "the record behind it")
    succeeded = [key for batch in account.records("react") if "bad" not in batch for key in batch]
    assert succeeded == ["a", "b", "d"]


def test_reported_failures_are_retried_from_the_first_one(account: Account) -> None:
    account.table()
    dead_url, dead_arn = account.queue("dead")
    _put(account, "a", "b", "bad", "d")
    _map(account, REPORT, dead_arn, MaximumRetryAttempts=1, BisectBatchOnFunctionError=True,
         FunctionResponseTypes=["ReportBatchItemFailures"])
    until(lambda: account.bodies(dead_url), 10, "the failure record")
    until(lambda: account.records("react")[-1] == ["d"], 5, "the record behind it")
    assert account.records("react")[:2] == [["a", "b", "bad", "d"], ["bad", "d"]]
    assert not any("a" in batch or "b" in batch for batch in account.records("react")[1:])


def test_an_old_batch_is_given_up(account: Account) -> None:
    account.table()
    dead_url, dead_arn = account.queue("dead")
    _put(account, "bad")
    _map(account, THROW, dead_arn, MaximumRecordAgeInSeconds=1)
    (body,) = until(lambda: account.bodies(dead_url), 10, "the failure record")
    assert json.loads(body)["requestContext"]["condition"] == "MaxRecordAgeExceeded"


def test_a_slow_function_does_not_hold_up_another(account: Account) -> None:
    account.table()
    _map(account, "def handle(event):\n    record('in')\n    time.sleep(4)", name="slow")
    _map(account, "def handle(event):\n    record(len(event['Records']))", name="quick")
    _put(account, "one")
    until(lambda: account.records("slow"), 5, "the slow function")
    started = time.monotonic()
    _put(account, "two")
    until(lambda: sum(account.records("quick")) == 2, 5, "the quick function")
    assert time.monotonic() - started < 3


def test_a_filter_drops_records_before_the_function(account: Account) -> None:
    account.table()
    pattern = json.dumps({"dynamodb": {"Keys": {"sk": {"S": ["wanted"]}}}})
    _map(account, THROW, FilterCriteria={"Filters": [{"Pattern": pattern}]})
    _put(account, "bad", "wanted", "bad-2")
    until(lambda: account.records("react"), 5, "the record")
    time.sleep(0.5)
    assert account.records("react") == [["wanted"]]


def test_two_readers_of_one_stream_each_hear_everything_though_one_fails(account: Account) -> None:
    account.table()
    dead_url, dead_arn = account.queue("dead")
    _map(account, THROW, dead_arn, name="failing", MaximumRetryAttempts=1, BisectBatchOnFunctionError=True)
    _map(account, "def handle(event):\n    record([change['dynamodb']['Keys']['sk']['S'] for change in event['Records']])",
         name="other")
    _put(account, "a", "bad", "c")
    until(lambda: account.bodies(dead_url), 10, "the failure record")
    _put(account, "d")
    heard = lambda name: [key for batch in account.records(name) for key in batch]  # noqa: E731
    until(lambda: "d" in heard("failing") and "d" in heard("other"), 10, "both readers")
    assert heard("other") == ["a", "bad", "c", "d"]
    assert [key for key in dict.fromkeys(heard("failing")) if key != "bad"] == ["a", "c", "d"]
