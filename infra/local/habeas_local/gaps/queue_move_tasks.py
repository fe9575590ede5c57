"""StartMessageMoveTask, ListMessageMoveTasks and CancelMessageMoveTask of SQS.

The emulator has none of them. A move here is complete when Start returns: every visible message of
the dead-letter queue goes to the destination, or back to the queue it came from.
"""

from __future__ import annotations

import time
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import lambda_svc, sqs

from habeas_local.settings import Settings

_tasks: dict[tuple[str, str, str], list[dict]] = {}


def reset() -> None:
    _tasks.clear()


def install(settings: Settings) -> None:
    sqs._HANDLERS.update(
        StartMessageMoveTask=_start,
        ListMessageMoveTasks=_list,
        CancelMessageMoveTask=_cancel,
    )


def _queue(arn: str | None, parameter: str) -> dict:
    queue = sqs._queue_by_arn(arn or "")
    if queue is None:
        raise sqs._Err("ResourceNotFoundException",
                       f"The resource that you specified for the {parameter} parameter doesn't exist.", 404)
    return queue


def _tasks_of(arn: str) -> list[dict]:
    return _tasks.setdefault((get_account_id(), get_region(), arn), [])


def _start(data: dict, _queue_url: Any) -> dict:
    source = _queue(data.get("SourceArn"), "SourceArn")
    source_arn = source["attributes"]["QueueArn"]
    if not any(source_arn in str(queue["attributes"].get("RedrivePolicy", "")) for queue in sqs._queues.values()):
        raise sqs._Err("InvalidParameterValue", "Source queue must be configured as a Dead Letter Queue.", 400)
    destination = _queue(data["DestinationArn"], "DestinationArn") if data.get("DestinationArn") else None
    with sqs._queues_lock:
        waiting, moved, reason = _move_visible(source, destination)
    lambda_svc._esm_wake.set()
    task = {
        "TaskHandle": sqs.new_uuid(),
        "Status": "FAILED" if reason else "COMPLETED",
        "SourceArn": source_arn,
        "ApproximateNumberOfMessagesMoved": moved,
        "ApproximateNumberOfMessagesToMove": waiting,
        "StartedTimestamp": int(time.time() * 1000),
    }
    if destination is not None:
        task["DestinationArn"] = data["DestinationArn"]
    if reason:
        task["FailureReason"] = reason
    _tasks_of(source_arn).insert(0, task)
    return {"TaskHandle": task["TaskHandle"]}


def _move_visible(source: dict, destination: dict | None) -> tuple[int, int, str | None]:
    """Move what can be received now. A message that came from no queue stops the task, as on AWS."""
    now = time.time()
    visible = [message for message in source["messages"] if message.get("visible_at", 0) <= now]
    for moved, message in enumerate(visible):
        facts = dict(message.get("sys") or {})
        origin = facts.pop("DeadLetterQueueSourceArn", "")
        target = destination or sqs._queue_by_arn(origin)
        if target is None:
            return len(visible), moved, "CouldNotDetermineMessageSource"
        source["messages"].remove(message)
        target["messages"].append({**message, "id": sqs.new_uuid(), "receipt_handle": None, "receive_count": 0,
                                   "first_receive_at": None, "sent_at": now, "visible_at": now, "sys": facts})
    return len(visible), len(visible), None


def _list(data: dict, _queue_url: Any) -> dict:
    arn = _queue(data.get("SourceArn"), "SourceArn")["attributes"]["QueueArn"]
    latest = _tasks_of(arn)[:int(data.get("MaxResults") or 1)]
    return {"Results": [{name: value for name, value in task.items() if name != "TaskHandle"} for task in latest]}


def _cancel(data: dict, _queue_url: Any) -> dict:
    raise sqs._Err("ResourceNotFoundException", "Task does not exist or is not running.", 404)
