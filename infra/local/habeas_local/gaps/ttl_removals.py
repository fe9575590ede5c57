"""Items past their time to live are removed soon, and the stream says who removed them.

The emulator's own reaper runs once a minute, deletes silently and takes any attribute type. On AWS
a removal is a REMOVE record with the service as user identity, only Number attributes count, and a
time more than five years in the past is not an expiry.
"""

from __future__ import annotations

import contextvars
import logging
import threading
import time
from typing import Any

from ministack import app
from ministack.services import dynamodb, dynamodb_streams

from habeas_local.emulator import acting_in
from habeas_local.settings import Settings

_FIVE_YEARS = 5 * 365 * 86400
_REAPER_THREAD = "dynamodb-ttl-reaper"
_log = logging.getLogger("habeas_local.ttl")
_by_service: contextvars.ContextVar[bool] = contextvars.ContextVar("ttl_removal", default=False)

# A Lambda event and the Streams API spell the same identity differently.
_EVENT_IDENTITY = {"type": "Service", "principalId": "dynamodb.amazonaws.com"}
_STREAMS_IDENTITY = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}


def install(settings: Settings) -> None:
    _silence_builtin_reaper()
    _name_the_service_in_records()
    _respell_identity_for_streams_api()
    threading.Thread(target=_sweep_for_ever, args=(settings.ttl_sweep_seconds,),
                     daemon=True, name="habeas-ttl-sweep").start()


def _silence_builtin_reaper() -> None:
    remove_item = dynamodb._remove_item

    def remove_unless_reaper(table: dict, partition_key: Any, sort_key: Any) -> Any:
        if threading.current_thread().name == _REAPER_THREAD:
            return None
        return remove_item(table, partition_key, sort_key)

    dynamodb._remove_item = remove_unless_reaper


def _name_the_service_in_records() -> None:
    build = dynamodb._build_change_record

    def build_with_identity(*args: Any, **kwargs: Any) -> dict:
        record = build(*args, **kwargs)
        if _by_service.get():
            record["userIdentity"] = dict(_EVENT_IDENTITY)
        return record

    dynamodb._build_change_record = build_with_identity


def _respell_identity_for_streams_api() -> None:
    cap_page = dynamodb_streams._cap_page_bytes

    def cap_and_respell(page: list[dict]) -> list[dict]:
        return [{**record, "userIdentity": _STREAMS_IDENTITY} if "userIdentity" in record else record
                for record in cap_page(page)]

    dynamodb_streams._cap_page_bytes = cap_and_respell


def _sweep_for_ever(pause_seconds: float) -> None:
    """Run each sweep on the server's event loop, where no API request can interleave with it."""
    while True:
        time.sleep(pause_seconds)
        loop = getattr(app, "_MAIN_LOOP", None)
        if loop is None or loop.is_closed():
            continue
        done = threading.Event()

        def sweep_once() -> None:
            try:
                _sweep(time.time())
            except Exception:
                _log.exception("TTL sweep failed; the next one tries again")
            finally:
                done.set()

        try:
            loop.call_soon_threadsafe(sweep_once)
        except RuntimeError:
            return
        done.wait()


def _sweep(now: float) -> None:
    for (account_id, region, table_name), setting in list(dynamodb._ttl_settings.all_items()):
        table = dynamodb._tables.get_scoped(account_id, region, table_name)
        attribute = setting.get("AttributeName")
        if setting.get("TimeToLiveStatus") != "ENABLED" or not table or not attribute:
            continue
        expired = [
            (partition_key, sort_key)
            for partition_key, items in list(table["items"].items())
            for sort_key, item in list(items.items())
            if _is_expired(item.get(attribute), now)
        ]
        with acting_in(account_id, region):
            for partition_key, sort_key in expired:
                try:
                    _remove(table_name, table, partition_key, sort_key)
                except Exception:
                    _log.exception("TTL removal from %s failed; the sweep goes on", table_name)


def _is_expired(value: Any, now: float) -> bool:
    if not isinstance(value, dict) or "N" not in value:
        return False
    try:
        expires_at = float(value["N"])
    except (TypeError, ValueError):
        return False
    return now - _FIVE_YEARS <= expires_at <= now


def _remove(table_name: str, table: dict, partition_key: Any, sort_key: Any) -> None:
    old_item = table["items"].get(partition_key, {}).get(sort_key)
    if old_item is None:
        return
    dynamodb._remove_item(table, partition_key, sort_key)
    token = _by_service.set(True)
    try:
        dynamodb._emit_stream_event(table_name, "REMOVE", old_item, None)
    finally:
        _by_service.reset(token)
