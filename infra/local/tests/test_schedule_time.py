"""Gap ``schedule_time``: a schedule's input carries the time it was scheduled for."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

from support import Account, until


def test_the_input_carries_the_scheduled_time(account: Account) -> None:
    url, arn = account.queue("ticks")
    due = datetime.now(timezone.utc).replace(microsecond=0) + timedelta(seconds=1)
    account.client("scheduler").create_schedule(
        Name="once", ScheduleExpression=f"at({due:%Y-%m-%dT%H:%M:%S})", FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn, "RoleArn": "arn:aws:iam::000000000000:role/any",
                "Input": json.dumps({"v": 1, "time": "<aws.scheduler.scheduled-time>"})})
    bodies: list[str] = []
    until(lambda: bodies.extend(account.bodies(url)) or bodies, 8, "the tick")
    tick = json.loads(bodies[0])
    fired = datetime.fromisoformat(tick["time"].replace("Z", "+00:00"))
    assert tick["v"] == 1 and timedelta(0) <= fired - due < timedelta(seconds=5)
