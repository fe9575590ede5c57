"""``ObjectLockEnabled`` and the default retention of a bucket declared in a template.

The emulator enforces Object Lock for buckets made through the API, but its ``AWS::S3::Bucket``
ignores the properties, so an audit bucket from a template kept nothing.
"""

from __future__ import annotations

from typing import Any

from ministack.services import s3
from ministack.services.cloudformation import provisioners

from habeas_local.emulator import is_true
from habeas_local.settings import Settings


def install(settings: Settings) -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::S3::Bucket"]
    create, update = handlers["create"], handlers["update"]

    def create_with_lock(logical_id: str, properties: dict, stack_name: str) -> Any:
        result = create(logical_id, properties, stack_name)
        _apply(result[0], properties)
        return result

    def update_with_lock(physical_id: str, old: dict, new: dict, stack_name: str) -> Any:
        result = update(physical_id, old, new, stack_name)
        _apply(result[0], new)
        return result

    handlers.update(create=create_with_lock, update=update_with_lock)


def _apply(bucket: str, properties: dict) -> None:
    if not is_true(properties.get("ObjectLockEnabled")):
        return
    rule = (properties.get("ObjectLockConfiguration") or {}).get("Rule") or {}
    declared = rule.get("DefaultRetention")
    retention = None
    if declared:
        periods = {unit: int(declared[unit]) for unit in ("Days", "Years") if unit in declared}
        if len(periods) != 1:
            raise ValueError(f"{bucket}: DefaultRetention takes either Days or Years")
        retention = {"Mode": declared["Mode"], **periods}
    s3._bucket_versioning[bucket] = "Enabled"
    s3._bucket_object_lock[bucket] = {"enabled": True, "default_retention": retention}
