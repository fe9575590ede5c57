"""JWT authorizers: current keys, and no way round a malformed or endless token.

The emulator keeps a key set for two hours, so after a restart of the local issuer every good token
was refused. It accepts a token without ``exp``, and a claim of the wrong type is an error 500. On
AWS each of these is a plain 401.
"""

from __future__ import annotations

import json
from typing import Any

from ministack.services import apigateway

from habeas_local.settings import Settings

_LOCAL = ("http://127.0.0.1", "http://localhost")
_TIMES = ("exp", "nbf", "iat")


def install(settings: Settings) -> None:
    fetch = apigateway._fetch_jwks
    validate = apigateway._validate_jwt_authorizer

    async def fetch_current(url: str) -> dict:
        if url.startswith(_LOCAL):
            apigateway._jwks_cache.pop(url, None)
        return await fetch(url)

    async def validate_strictly(route: dict, authorizer: dict, headers: dict, query_params: dict) -> Any:
        claims, scopes, refusal = await validate(route, authorizer, headers, query_params) \
            if _has_sane_times(authorizer, headers, query_params) else (None, None, apigateway._jwt_unauthorized())
        return claims, scopes, refusal

    apigateway._fetch_jwks = fetch_current
    apigateway._validate_jwt_authorizer = validate_strictly


def _has_sane_times(authorizer: dict, headers: dict, query_params: dict) -> bool:
    """Whether the token is a JSON object whose times are numbers and whose end is stated."""
    token = apigateway._extract_token_from_identity_source(authorizer.get("identitySource", []), headers, query_params)
    try:
        claims = json.loads(apigateway._b64url_decode((token or "").split(".")[1]))
    except (IndexError, ValueError):
        return False
    if not isinstance(claims, dict) or "exp" not in claims:
        return False
    return all(isinstance(claims[name], (int, float)) and not isinstance(claims[name], bool)
               for name in _TIMES if name in claims)
