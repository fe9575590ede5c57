"""A partial batch response that AWS would not understand fails the whole batch.

The emulator honours ``batchItemFailures`` of an SQS batch, but skips an entry it cannot use: an
unknown, empty or missing identifier, or a response that is no JSON object, deleted every message.
AWS treats each of these as a complete failure and delivers all of them again.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from ministack.services import lambda_svc, sqs

from habeas_local.settings import Settings

_log = logging.getLogger("habeas_local.queue")


class WholeBatchFailed(Exception):
    """The response does not say which records failed."""


def failed_identifiers(response: Any, known: "list[str]") -> "list[str]":
    """The identifiers a partial batch response names. Raises WholeBatchFailed when it is malformed."""
    if response is None or response == "":
        return []
    if not isinstance(response, dict):
        raise WholeBatchFailed("the response is not a JSON object")
    failures = response.get("batchItemFailures") or []
    if not isinstance(failures, list):
        raise WholeBatchFailed("batchItemFailures is not a list")
    identifiers = []
    for failure in failures:
        identifier = failure.get("itemIdentifier") if isinstance(failure, dict) else None
        if identifier not in known:
            raise WholeBatchFailed(f"unknown itemIdentifier {identifier!r}")
        identifiers.append(identifier)
    return identifiers


def install(settings: Settings) -> None:
    lambda_svc._run_sqs_batch = _run_batch


def _run_batch(mapping: dict, function: dict, event: dict, batch: "list[dict]", queue_url: str, queue_name: str) -> None:
    mapping_id = mapping["UUID"]
    result = lambda_svc._execute_function(function, event)
    try:
        if result.get("error"):
            raise WholeBatchFailed(f"the function failed: {result.get('body')}")
        failed: list[str] = []
        if "ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or []):
            failed = failed_identifiers(result.get("body"), [message["id"] for message in batch])
    except WholeBatchFailed as problem:
        # The messages come back after the visibility timeout, and go to the DLQ after maxReceiveCount.
        mapping["LastProcessingResult"] = "FAILED"
        lambda_svc._esm_backoff_until[mapping_id] = time.time() + lambda_svc._ESM_BACKOFF_SECONDS
        _log.warning("batch of %d from %s failed: %s", len(batch), queue_name, problem)
        return
    lambda_svc._esm_backoff_until.pop(mapping_id, None)
    done = {message["receipt_handle"] for message in batch if message["id"] not in failed}
    sqs._delete_messages_for_esm(queue_url, done)
    mapping["LastProcessingResult"] = f"OK - {len(done)} records, {len(failed)} partial failures" \
        if failed else f"OK - {len(batch)} records"
