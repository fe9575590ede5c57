"""Writes made with PartiQL appear in the table's stream.

The emulator's INSERT, UPDATE and DELETE statements change the table and tell nobody, so a purge
with ``BatchExecuteStatement`` left no REMOVE record. A transaction tells only once it has succeeded.
"""

from __future__ import annotations

import contextvars
import copy
from typing import Any, Callable

from ministack.services import dynamodb

from habeas_local.settings import Settings

Change = tuple[str, "dict | None", "dict | None"]
_held_back: contextvars.ContextVar["list[Change] | None"] = contextvars.ContextVar("held_back", default=None)


def install(settings: Settings) -> None:
    dynamodb._partiql_insert = _telling(dynamodb._partiql_insert, _inserted_key)
    dynamodb._partiql_update = _telling(dynamodb._partiql_update, _addressed_key)
    dynamodb._partiql_delete = _telling(dynamodb._partiql_delete, _addressed_key)
    execute_transaction = dynamodb._execute_transaction

    def execute_and_tell(data: dict) -> Any:
        token = _held_back.set([])
        try:
            response = execute_transaction(data)
            changes = _held_back.get() or []
        finally:
            _held_back.reset(token)
        if response[0] == 200:
            for change in changes:
                _emit(change)
        return response

    dynamodb._execute_transaction = execute_and_tell


def _telling(write: Callable, key_of: Callable[[dict, dict], "tuple[Any, Any] | None"]) -> Callable:
    def write_and_tell(table: dict, parsed: dict, *args: Any) -> Any:
        key = key_of(table, parsed)
        before = _item(table, key)
        response = write(table, parsed, *args)
        after = _item(table, key)
        if response[0] == 200 and before != after:
            change = (table["TableName"], before, after)
            waiting = _held_back.get()
            if waiting is None:
                _emit(change)
            else:
                waiting.append(change)
        return response

    return write_and_tell


def _emit(change: Change) -> None:
    table_name, before, after = change
    name = "INSERT" if before is None else "REMOVE" if after is None else "MODIFY"
    dynamodb._emit_stream_event(table_name, name, before, after)


def _item(table: dict, key: "tuple[Any, Any] | None") -> dict | None:
    if key is None:
        return None
    return copy.deepcopy(table["items"].get(key[0], {}).get(key[1]))


def _addressed_key(table: dict, parsed: dict) -> "tuple[Any, Any] | None":
    partition_key, sort_key, _condition, problem = dynamodb._partiql_key_target(table, parsed)
    return None if problem else (partition_key, sort_key)


def _inserted_key(table: dict, parsed: dict) -> "tuple[Any, Any] | None":
    item = parsed.get("item") or {}
    if isinstance(item, dict) and set(item) == {"M"}:
        item = item["M"]
    partition_key = dynamodb._extract_key_val(item.get(table["pk_name"]))
    sort_key = dynamodb._extract_key_val(item.get(table["sk_name"])) if table["sk_name"] else "__no_sort__"
    return (partition_key, sort_key) if partition_key else None
