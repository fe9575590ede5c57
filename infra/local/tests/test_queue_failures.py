"""Gap ``queue_failures``: partial batch responses, and the way to the dead-letter queue."""

from __future__ import annotations

import json

import pytest

from support import Account, until

REPORT = """
def handle(event):
    record([message["body"] for message in event["Records"]])
    return {"batchItemFailures": [{"itemIdentifier": message["messageId"]}
                                  for message in event["Records"] if message["body"].startswith("bad")]}
"""
MALFORMED = """
def handle(event):
    record([message["body"] for message in event["Records"]])
    return json.loads(os.environ["ANSWER"])
"""


def _map(account: Account, handler: str, **variables: str) -> tuple[str, str]:
    dead_url, dead_arn = account.queue("dead")
    url, arn = account.queue("work", VisibilityTimeout="1",
                             RedrivePolicy={"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    account.client("lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName=account.function("work", handler, **variables), BatchSize=10,
        FunctionResponseTypes=["ReportBatchItemFailures"])
    return url, dead_url


def _send(account: Account, url: str, *bodies: str) -> None:
    account.client("sqs").send_message_batch(QueueUrl=url, Entries=[
        {"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies)])


def test_only_reported_messages_come_back_and_then_go_to_the_dead_letter_queue(account: Account) -> None:
    url, dead = _map(account, REPORT)
    _send(account, url, "good", "bad-1", "good-2", "bad-2")
    until(lambda: set(account.bodies(dead)) == {"bad-1", "bad-2"}, 15, "the dead letters")
    handled = [body for batch in account.records("work") for body in batch]
    assert sorted(handled) == ["bad-1", "bad-1", "bad-2", "bad-2", "good", "good-2"]
    assert account.bodies(url) == []


@pytest.mark.parametrize("answer", [
    {"batchItemFailures": [{"itemIdentifier": "unknown"}]},
    {"batchItemFailures": [{"itemIdentifier": ""}]},
    {"batchItemFailures": [{"identifier": "x"}]},
    ["no object"],
], ids=["unknown", "empty", "wrong key", "no object"])
def test_a_malformed_report_loses_no_message(account: Account, answer: object) -> None:
    url, dead = _map(account, MALFORMED, ANSWER=json.dumps(answer))
    _send(account, url, "one")
    until(lambda: len(account.records("work")) == 2, 8, "the second delivery")


@pytest.mark.parametrize("answer", [None, {}, {"batchItemFailures": []}, {"batchItemFailures": None}],
                         ids=["null", "empty", "empty list", "null list"])
def test_an_empty_report_is_success(account: Account, answer: object) -> None:
    url, _dead = _map(account, MALFORMED, ANSWER=json.dumps(answer))
    _send(account, url, "one")
    until(lambda: account.records("work"), 5, "the delivery")

    def counts() -> bool:
        attributes = account.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return attributes["ApproximateNumberOfMessages"] == attributes["ApproximateNumberOfMessagesNotVisible"] == "0"

    until(counts, 5, "an empty queue")
