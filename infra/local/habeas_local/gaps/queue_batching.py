"""An SQS event source gathers a batch: its batching window, and batches of more than ten.

The emulator invokes the function as soon as it sees a message and never passes more than ten.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.services import lambda_svc, sqs

from habeas_local.emulator import wake_pollers_in
from habeas_local.settings import Settings

_RECEIVE_LIMIT = 10
_window_opened: dict[str, float] = {}


def reset() -> None:
    _window_opened.clear()


def install(settings: Settings) -> None:
    receive = sqs._receive_messages_for_esm

    def receive_batch(queue_url: str, batch_size: Any) -> list[dict]:
        wanted = int(batch_size or 1)
        if not _is_due(queue_url, wanted):
            return []
        batch: list[dict] = []
        while len(batch) < wanted:
            part = receive(queue_url, min(_RECEIVE_LIMIT, wanted - len(batch)))
            batch += part
            if len(part) < _RECEIVE_LIMIT:
                break
        return batch

    sqs._receive_messages_for_esm = receive_batch


def _is_due(queue_url: str, wanted: int) -> bool:
    """Whether a batch may be taken: no window, a full batch, or the window has closed."""
    queue = sqs._queues.get(queue_url)
    window = _window_seconds(queue) if queue else 0.0
    if not window:
        return True
    with sqs._queues_lock:
        sqs._dlq_sweep(queue)
        now = time.time()
        visible = sum(1 for message in queue["messages"] if message.get("visible_at", 0) <= now)
    if not visible:
        _window_opened.pop(queue_url, None)
        return False
    if queue_url not in _window_opened:
        _window_opened[queue_url] = now
        wake_pollers_in(window)
    if visible < wanted and now - _window_opened[queue_url] < window:
        return False
    _window_opened.pop(queue_url, None)
    return True


def _window_seconds(queue: dict) -> float:
    arn = (queue.get("attributes") or {}).get("QueueArn")
    windows = [float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
               for _account, _region, mapping in lambda_svc._iter_all_esms() if mapping.get("EventSourceArn") == arn]
    return max(windows, default=0.0)
