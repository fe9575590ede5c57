"""DynamoDB stream event sources as Lambda runs them.

The emulator treats a ``batchItemFailures`` response as success, never splits a batch, retries for
ever and runs each handler on its one poller thread. Here a mapping

* honours ReportBatchItemFailures: it goes on from the first failed record,
* halves a failing batch with BisectBatchOnFunctionError, which uses up no retry,
* gives up after MaximumRetryAttempts or MaximumRecordAgeInSeconds and tells the OnFailure
  destination (SQS, SNS, or S3 with the payload),
* waits for MaximumBatchingWindowInSeconds,
* runs on a thread of its own, one batch at a time, so that it delays no other mapping.
"""

from __future__ import annotations

import json
import logging
import time
import uuid
from dataclasses import dataclass
from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import dynamodb, lambda_svc

from habeas_local.emulator import acting_in, client, wake_pollers_in
from habeas_local.gaps.queue_failures import WholeBatchFailed, failed_identifiers
from habeas_local.settings import Settings

_SHARD_ID = "shardId-00000000000000000000-00000000"
_log = logging.getLogger("habeas_local.stream")


@dataclass
class Progress:
    """How often the batch that starts at ``position`` was tried, and how far it is split."""

    position: int
    attempts: int = 0
    limit: int | None = None
    first_seen: float = 0.0


_progress: dict[str, Progress] = {}
_retry_pause = 0.3


def reset() -> None:
    _progress.clear()


def install(settings: Settings) -> None:
    global _retry_pause
    _retry_pause = settings.retry_backoff_seconds
    lambda_svc._poll_dynamodb_streams = _poll


def _poll() -> bool:
    """One pass over all mappings. True when a batch was taken from any of them."""
    busy = False
    for account_id, region, mapping in lambda_svc._iter_all_esms():
        with acting_in(account_id, region):
            try:
                busy = _poll_mapping(mapping) or busy
            except Exception:
                _log.exception("stream mapping %s could not be polled", mapping.get("UUID"))
    return busy


def _poll_mapping(mapping: dict) -> bool:
    arn = mapping.get("EventSourceArn", "")
    mapping_id = mapping["UUID"]
    if not mapping.get("Enabled", True) or f":dynamodb:{get_region()}:{get_account_id()}:" not in arn:
        return False
    if lambda_svc._esm_inflight.get(mapping_id) or lambda_svc._esm_backoff_until.get(mapping_id, 0) > time.time():
        return False
    source = lambda_svc._dynamodb_stream_table_from_arn_spec(lambda_svc.parse_arn(arn))
    function, _ = lambda_svc._get_func_record_for_qualifier(mapping["FunctionName"], mapping.get("Qualifier"))
    table = dynamodb._tables.get(source[0]) if source else None
    if not table or function is None or table.get("LatestStreamArn") != arn:
        return False

    position, end = _position(mapping, source[0])
    if end <= position:
        return False
    progress = _progress.setdefault(mapping_id, Progress(position))
    if progress.position != position:
        progress = _progress[mapping_id] = Progress(position)
    size = min(progress.limit or mapping.get("BatchSize", 100), mapping.get("BatchSize", 100))
    if _is_gathering(mapping, progress, end - position, size):
        return False
    taken = list(dynamodb.stream_records_since(source[0], position, size))
    if not taken:
        return False
    records = lambda_svc._apply_filter_criteria(list(taken), mapping)
    if not records:
        _advance(mapping, position + len(taken))
        return True
    lambda_svc._dispatch_esm_batch(mapping_id, _run, mapping, function, position, taken, records)
    return True


def _position(mapping: dict, table_name: str) -> tuple[int, int]:
    start, end = dynamodb.stream_start_position(table_name), dynamodb.stream_end_position(table_name)
    positions = lambda_svc._dynamodb_stream_positions
    with lambda_svc._dynamodb_stream_positions_lock:
        first = start if mapping.get("StartingPosition") == "TRIM_HORIZON" else end
        positions.setdefault(mapping["UUID"], first)
        positions[mapping["UUID"]] = position = max(positions[mapping["UUID"]], start)
    return position, end


def _is_gathering(mapping: dict, progress: Progress, available: int, size: int) -> bool:
    """Whether the batching window is still open for a batch that is not full."""
    window = float(mapping.get("MaximumBatchingWindowInSeconds") or 0)
    if not window or available >= size or progress.attempts:
        return False
    if not progress.first_seen:
        progress.first_seen = time.time()
        wake_pollers_in(window)
    return time.time() - progress.first_seen < window


def _advance(mapping: dict, position: int) -> None:
    with lambda_svc._dynamodb_stream_positions_lock:
        lambda_svc._dynamodb_stream_positions[mapping["UUID"]] = position
    lambda_svc._esm_backoff_until.pop(mapping["UUID"], None)


def _run(mapping: dict, function: dict, position: int, taken: list[dict], records: list[dict]) -> None:
    result = lambda_svc._execute_function(function, {"Records": records})
    if mapping["UUID"] not in lambda_svc._esms:
        return
    first_failed = _first_failed(mapping, result, [record["dynamodb"]["SequenceNumber"] for record in taken])
    if first_failed is None:
        mapping["LastProcessingResult"] = f"OK - {len(records)} records"
        _advance(mapping, position + len(taken))
        return
    mapping["LastProcessingResult"] = "PROBLEM: Function call failed"
    _after_failure(mapping, function, position, taken, records, result, first_failed)


def _first_failed(mapping: dict, result: dict, sequence_numbers: list[str]) -> int | None:
    """Index of the first record that did not succeed, None when all of them did."""
    if result.get("error"):
        return 0
    if "ReportBatchItemFailures" not in (mapping.get("FunctionResponseTypes") or []):
        return None
    try:
        failed = failed_identifiers(result.get("body"), sequence_numbers)
    except WholeBatchFailed as problem:
        _log.warning("stream batch of %s failed: %s", mapping["FunctionName"], problem)
        return 0
    return min(map(sequence_numbers.index, failed), default=None)


def _after_failure(mapping: dict, function: dict, position: int, taken: list[dict], records: list[dict],
                   result: dict, first_failed: int) -> None:
    mapping_id = mapping["UUID"]
    progress = _progress.setdefault(mapping_id, Progress(position))
    if first_failed > 0:
        # What came before the failed record is done; the rest starts over from there.
        _progress[mapping_id] = Progress(position + first_failed, attempts=1)
        _advance(mapping, position + first_failed)
        _retry_later(mapping_id)
        return
    if _is_too_old(mapping, taken):
        _give_up(mapping, function, position, taken, records, result, "MaxRecordAgeExceeded", progress.attempts + 1)
        return
    if mapping.get("BisectBatchOnFunctionError") and len(taken) > 1:
        progress.limit = len(taken) // 2
        _retry_later(mapping_id)
        return
    progress.attempts += 1
    retries = mapping.get("MaximumRetryAttempts")
    if retries is not None and 0 <= int(retries) < progress.attempts:
        _give_up(mapping, function, position, taken, records, result, "RetryAttemptsExhausted", progress.attempts)
        return
    _retry_later(mapping_id)


def _retry_later(mapping_id: str) -> None:
    lambda_svc._esm_backoff_until[mapping_id] = time.time() + _retry_pause
    wake_pollers_in(_retry_pause + 0.01)


def _is_too_old(mapping: dict, taken: list[dict]) -> bool:
    limit = int(mapping.get("MaximumRecordAgeInSeconds") or -1)
    oldest = min(float(record["dynamodb"]["ApproximateCreationDateTime"]) for record in taken)
    return limit > 0 and time.time() - oldest > limit


def _give_up(mapping: dict, function: dict, position: int, taken: list[dict], records: list[dict], result: dict,
             condition: str, attempts: int) -> None:
    try:
        _tell_destination(mapping, function, records, result, condition, attempts)
    except Exception:
        _log.exception("the on-failure destination of %s could not be told", mapping["FunctionName"])
    _advance(mapping, position + len(taken))


def _tell_destination(mapping: dict, function: dict, records: list[dict], result: dict, condition: str,
                      attempts: int) -> None:
    arn = ((mapping.get("DestinationConfig") or {}).get("OnFailure") or {}).get("Destination")
    if not arn:
        return
    record = _invocation_record(mapping, function, records, result, condition, attempts)
    _partition, service, region, account_id, resource = arn.split(":", 5)[1:]
    own_account, own_region = get_account_id(), get_region()
    if service == "s3":
        record["payload"] = json.dumps({"Records": records})
        client("s3", own_account, own_region).put_object(
            Bucket=resource, Key=_object_key(mapping["UUID"]), Body=json.dumps(record).encode(),
            ContentType="application/json")
    elif service == "sqs":
        queues = client("sqs", own_account, region)
        url = queues.get_queue_url(QueueName=resource, QueueOwnerAWSAccountId=account_id)["QueueUrl"]
        queues.send_message(QueueUrl=url, MessageBody=json.dumps(record))
    elif service == "sns":
        client("sns", own_account, region).publish(TopicArn=arn, Message=json.dumps(record))
    else:
        raise ValueError(f"destination {arn} is not emulated")


def _object_key(mapping_id: str) -> str:
    now = time.gmtime()
    day = time.strftime("%Y/%m/%d", now)
    stamp = time.strftime("%Y-%m-%dT%H.%M.%S", now)
    return f"aws/lambda/{mapping_id}/{_SHARD_ID}/{day}/{stamp}-{uuid.uuid4()}"


def _invocation_record(mapping: dict, function: dict, records: list[dict], result: dict, condition: str,
                       attempts: int) -> dict[str, Any]:
    config = function.get("config") or function
    changes = [record["dynamodb"] for record in records]
    response: dict[str, Any] = {"statusCode": 200, "executedVersion": config.get("Version", "$LATEST")}
    if result.get("error"):
        response["functionError"] = result.get("function_error") or "Unhandled"
    return {
        "requestContext": {
            "requestId": str(uuid.uuid4()),
            "functionArn": config.get("FunctionArn", ""),
            "condition": condition,
            "approximateInvokeCount": attempts,
        },
        "responseContext": response,
        "version": "1.0",
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime()),
        "DDBStreamBatchInfo": {
            "shardId": _SHARD_ID,
            "startSequenceNumber": changes[0]["SequenceNumber"],
            "endSequenceNumber": changes[-1]["SequenceNumber"],
            "approximateArrivalOfFirstRecord": _instant(changes[0]),
            "approximateArrivalOfLastRecord": _instant(changes[-1]),
            "batchSize": len(records),
            "streamArn": mapping["EventSourceArn"],
        },
    }


def _instant(change: dict) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(float(change["ApproximateCreationDateTime"])))
