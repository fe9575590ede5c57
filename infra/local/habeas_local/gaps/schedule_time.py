"""A schedule's input carries the time it was scheduled for.

EventBridge Scheduler replaces context attributes such as ``<aws.scheduler.scheduled-time>`` in a
target's input; the emulator hands the words over as they stand, and looks for due schedules every
ten seconds only.
"""

from __future__ import annotations

from datetime import datetime, timezone

from ministack.services import eventbridge, scheduler

from habeas_local.settings import Settings


def install(settings: Settings) -> None:
    scheduler._SCHEDULE_TICK_INTERVAL = 1
    invoke = eventbridge._invoke_target

    def invoke_with_context(target: dict, event: dict, rule: dict, view: object = None) -> object:
        if event.get("Source") == "aws.scheduler" and "<aws.scheduler." in str(target.get("Input", "")):
            target = {**target, "Input": filled(target["Input"], event)}
        return invoke(target, event, rule, view)

    eventbridge._invoke_target = invoke_with_context


def filled(text: str, event: dict) -> str:
    """The input with its context attributes replaced, as the Scheduler user guide lists them."""
    time = datetime.fromtimestamp(event["Time"], tz=timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
    arn = next(iter(event.get("Resources") or []), "")
    for name, value in (
        ("schedule-arn", arn),
        ("scheduled-time", time),
        ("execution-id", event.get("EventId", "")),
        ("attempt-number", "1"),
    ):
        text = text.replace(f"<aws.scheduler.{name}>", value)
    return text
