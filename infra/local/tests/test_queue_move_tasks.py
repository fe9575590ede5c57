"""Gap ``queue_move_tasks``: redrive of a dead-letter queue."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from support import Account


def _dead_letter(account: Account) -> tuple[str, str, str]:
    """A queue with one message in its dead-letter queue; source URL, dead-letter URL and ARN."""
    dead_url, dead_arn = account.queue("dead")
    url, _ = account.queue("work", VisibilityTimeout="0",
                           RedrivePolicy={"deadLetterTargetArn": dead_arn, "maxReceiveCount": 1})
    sqs = account.client("sqs")
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    sqs.receive_message(QueueUrl=url)
    sqs.receive_message(QueueUrl=url)
    assert account.bodies(dead_url) == ["poison"]
    return url, dead_url, dead_arn


def test_messages_go_back_where_they_came_from(account: Account) -> None:
    url, dead_url, dead_arn = _dead_letter(account)
    sqs = account.client("sqs")
    assert sqs.start_message_move_task(SourceArn=dead_arn)["TaskHandle"]
    assert account.bodies(dead_url) == []
    assert account.bodies(url) == ["poison"]
    (task,) = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
    assert (task["Status"], task["ApproximateNumberOfMessagesMoved"]) == ("COMPLETED", 1)


def test_messages_go_to_a_named_queue(account: Account) -> None:
    _url, dead_url, dead_arn = _dead_letter(account)
    other_url, other_arn = account.queue("other")
    account.client("sqs").start_message_move_task(SourceArn=dead_arn, DestinationArn=other_arn)
    assert account.bodies(other_url) == ["poison"]
    assert account.bodies(dead_url) == []


def test_only_a_dead_letter_queue_can_be_moved(account: Account) -> None:
    _url, arn = account.queue("ordinary")
    with pytest.raises(ClientError, match="must be configured as a Dead Letter Queue"):
        account.client("sqs").start_message_move_task(SourceArn=arn)


def test_a_message_that_came_from_no_queue_fails_the_task(account: Account) -> None:
    _url, dead_url, dead_arn = _dead_letter(account)
    sqs = account.client("sqs")
    sqs.purge_queue(QueueUrl=dead_url)
    sqs.send_message(QueueUrl=dead_url, MessageBody="sent directly")
    sqs.start_message_move_task(SourceArn=dead_arn)
    (task,) = sqs.list_message_move_tasks(SourceArn=dead_arn)["Results"]
    assert (task["Status"], task["FailureReason"]) == ("FAILED", "CouldNotDetermineMessageSource")
    assert account.bodies(dead_url) == ["sent directly"]
