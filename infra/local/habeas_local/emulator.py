"""What gap modules share: request scope, wake-ups, clients, property spelling, the sender of a mail."""

from __future__ import annotations

import contextlib
import json
import os
import threading
from email.utils import parseaddr
from typing import Any, Iterator, Mapping

from ministack.core.responses import _request_account_id, _request_region

_SEND_EMAIL = "/v2/email/outbound-emails"


@contextlib.contextmanager
def acting_in(account_id: str, region: str) -> Iterator[None]:
    """Read and write the emulator's stores as a request of this account and region would."""
    account_token = _request_account_id.set(account_id)
    region_token = _request_region.set(region)
    try:
        yield
    finally:
        _request_region.reset(region_token)
        _request_account_id.reset(account_token)


def wake_pollers_in(seconds: float) -> None:
    """Have the event source poller look again after ``seconds`` instead of at its next idle tick."""
    from ministack.services import lambda_svc

    timer = threading.Timer(max(0.0, seconds), lambda_svc._esm_wake.set)
    timer.daemon = True
    timer.start()


_clients: dict[tuple[str, str, str], Any] = {}
_clients_lock = threading.Lock()


def client(service: str, account_id: str, region: str) -> Any:
    """A botocore client of the emulator's own endpoint. Never use it on the event loop's thread."""
    import botocore.session
    from botocore.config import Config

    with _clients_lock:
        key = (service, account_id, region)
        if key not in _clients:
            _clients[key] = botocore.session.Session().create_client(
                service,
                region_name=region,
                endpoint_url=os.environ["AWS_ENDPOINT_URL"],
                aws_access_key_id=account_id,
                aws_secret_access_key="test",
                config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 1}),
            )
        return _clients[key]


def lower_first(properties: Mapping[str, Any] | None) -> dict[str, Any]:
    """``{"AllowOrigins": …}`` as ``{"allowOrigins": …}``: template spelling to API spelling."""
    return {name[:1].lower() + name[1:]: value for name, value in (properties or {}).items()}


def is_true(value: Any) -> bool:
    """Whether a template property says true, as a boolean or as text."""
    return str(value or "").lower() == "true"


def as_list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [value]


def key_arn(key: str, account_id: str, region: str) -> str:
    """The ARN of a KMS key named by id, alias or ARN: ``!Ref Key`` yields an id, AWS reports an ARN."""
    if key.startswith("arn:"):
        return key
    resource = key if key.startswith("alias/") else f"key/{key}"
    return f"arn:aws:kms:{region}:{account_id}:{resource}"


def sends_mail(method: str, path: str) -> bool:
    """Whether a request of SES is SendEmail."""
    return method == "POST" and path.rstrip("/") == _SEND_EMAIL


def json_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a request, an empty one for anything else."""
    try:
        request = json.loads(body or b"{}")
    except ValueError:
        return {}
    return request if isinstance(request, dict) else {}


def sender(body: bytes) -> str:
    """The address in ``FromEmailAddress``, without its display name. The From of a raw message is not looked at."""
    return parseaddr(str(json_object(body).get("FromEmailAddress") or ""))[1]
