"""What API Gateway does in front of an HTTP API's function: size, throttling, preflight, cookies.

* 413 above 10 MB, and above 6 MB once a body that is not text is base64 for the function.
* 429 from the stage's default and per-route throttling settings (a token bucket per route).
* An OPTIONS request is answered by the gateway only if it is a preflight; a preflight of an origin
  that is not allowed gets no CORS headers, and 204 all the same.
* With CORS configured, the function's own CORS headers are dropped.
* Payload 2.0 carries cookies in ``cookies``, not in ``headers``.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass
from typing import Any

from ministack.services import apigateway, lambda_svc

from habeas_local.emulator import lower_first
from habeas_local.settings import Settings

_API_BODY_LIMIT = 10 * 1024 * 1024
_FUNCTION_BODY_LIMIT = 6 * 1024 * 1024

Response = tuple[int, dict, bytes]


@dataclass
class Bucket:
    """A token bucket: ``burst`` tokens at most, ``rate`` new ones a second."""

    tokens: float
    filled_at: float

    def take(self, rate: float, burst: float, now: float) -> bool:
        self.tokens = min(burst, self.tokens + (now - self.filled_at) * rate)
        self.filled_at = now
        if self.tokens < 1:
            return False
        self.tokens -= 1
        return True


_buckets: dict[tuple[str, str, str], Bucket] = {}


def reset() -> None:
    _buckets.clear()


def install(settings: Settings) -> None:
    execute = apigateway._handle_execute_in_scope

    async def execute_behind_edge(api_id: str, stage: str, path: str, method: str, headers: dict, body: bytes,
                                  query_params: dict, *rest: Any) -> Response:
        request_headers = {name.lower(): value for name, value in (headers or {}).items()}
        cors = (apigateway._apis.get(api_id) or {}).get("corsConfiguration") or {}
        route = apigateway._match_route(api_id, method, "/" + path.lstrip("/"))
        if method == "OPTIONS":
            if _is_preflight(cors, request_headers):
                return _preflight(cors, request_headers["origin"])
            if route is None:
                return apigateway._http_api_not_found()
        if _is_too_large(request_headers.get("content-type"), len(body or b"")):
            return _refusal(413, "Request Entity Too Large")
        if settings.throttle and route and not _admitted(api_id, stage, route):
            return _refusal(429, "Too Many Requests")
        status, response_headers, response_body = await execute(
            api_id, stage, path, method, headers, body, query_params, *rest)
        if cors:
            response_headers = _gateway_cors_only(cors, response_headers, request_headers.get("origin", ""))
        return status, response_headers, response_body

    apigateway._handle_execute_in_scope = execute_behind_edge
    _move_cookies()


def _refusal(status: int, message: str) -> Response:
    return status, {"Content-Type": "application/json"}, json.dumps({"message": message}).encode()


def _is_preflight(cors: dict, headers: dict) -> bool:
    return bool(cors and headers.get("origin") and headers.get("access-control-request-method"))


def _preflight(cors: dict, origin: str) -> Response:
    if not apigateway._cors_response_headers(cors, origin):
        return 204, {"Content-Length": "0"}, b""
    return apigateway._cors_preflight_response(cors, origin)


def _gateway_cors_only(cors: dict, headers: dict, origin: str) -> dict:
    own = {name: value for name, value in headers.items() if not name.lower().startswith("access-control-")}
    own.update(apigateway._cors_response_headers(cors, origin))
    return own


def _is_too_large(content_type: str | None, size: int) -> bool:
    text = apigateway._v2_request_body_is_text(content_type)
    in_function = size if text else (size + 2) // 3 * 4
    return size > _API_BODY_LIMIT or in_function > _FUNCTION_BODY_LIMIT


def _admitted(api_id: str, stage: str, route: dict) -> bool:
    record = (apigateway._stages.get(api_id) or {}).get(stage) or {}
    key = route["routeKey"]
    limits = lower_first((record.get("routeSettings") or {}).get(key))
    if "throttlingRateLimit" not in limits:
        limits = lower_first(record.get("defaultRouteSettings"))
    if "throttlingRateLimit" not in limits:
        return True
    rate = float(limits["throttlingRateLimit"])
    burst = float(limits.get("throttlingBurstLimit", rate))
    now = time.monotonic()
    return _buckets.setdefault((api_id, stage, key), Bucket(burst, now)).take(rate, burst, now)


def _move_cookies() -> None:
    execute = lambda_svc._execute_function_with_config_scope

    def execute_with_cookies(function: dict, event: Any, *args: Any, **kwargs: Any) -> Any:
        if isinstance(event, dict) and event.get("version") == "2.0" and isinstance(event.get("headers"), dict):
            cookies = [part.strip() for part in event["headers"].pop("cookie", "").split(";") if part.strip()]
            if cookies:
                event["cookies"] = cookies
        return execute(function, event, *args, **kwargs)

    lambda_svc._execute_function_with_config_scope = execute_with_cookies
