"""Gap ``queue_batching``: the batching window and batches of more than ten."""

from __future__ import annotations

import time

from support import Account, until

COUNT = "def handle(event):\n    record([time.time(), len(event['Records'])])"


def _map(account: Account, **wish: object) -> str:
    url, arn = account.queue("work", VisibilityTimeout="30")
    account.client("lambda").create_event_source_mapping(
        EventSourceArn=arn, FunctionName=account.function("count", COUNT), **wish)
    return url


def _send(account: Account, url: str, count: int) -> None:
    sqs = account.client("sqs")
    for start in range(0, count, 10):
        sqs.send_message_batch(QueueUrl=url, Entries=[
            {"Id": str(n), "MessageBody": str(n)} for n in range(start, min(count, start + 10))])


def test_a_batch_of_more_than_ten(account: Account) -> None:
    url = _map(account, BatchSize=100, MaximumBatchingWindowInSeconds=1)
    _send(account, url, 25)
    until(lambda: sum(size for _, size in account.records("count")) == 25, 8, "all messages")
    assert [size for _, size in account.records("count")] == [25]


def test_the_window_gathers_what_comes_within_it(account: Account) -> None:
    url = _map(account, BatchSize=10, MaximumBatchingWindowInSeconds=2)
    started = time.time()
    for _ in range(3):
        _send(account, url, 1)
        time.sleep(0.3)
    ((invoked, size),) = until(lambda: account.records("count"), 8, "the batch")
    assert size == 3
    assert 1.5 < invoked - started < 4


def test_a_full_batch_does_not_wait(account: Account) -> None:
    url = _map(account, BatchSize=10, MaximumBatchingWindowInSeconds=60)
    _send(account, url, 10)
    assert [size for _, size in until(lambda: account.records("count"), 5, "the batch")] == [10]
