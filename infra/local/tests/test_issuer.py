"""The issuer of staff tokens."""

from __future__ import annotations

import base64
import json
import time

import pytest

from support import Emulator, http


def _claims(token: str) -> dict:
    part = token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_discovery_leads_to_the_keys(emulator: Emulator) -> None:
    discovery = http("GET", f"{emulator.issuer}/.well-known/openid-configuration").json
    assert discovery["issuer"] == emulator.issuer
    (key,) = http("GET", discovery["jwks_uri"]).json["keys"]
    assert (key["kty"], key["alg"], key["use"]) == ("RSA", "RS256", "sig")
    assert not {"d", "p", "q"} & set(key)


def test_defaults(emulator: Emulator) -> None:
    claims = _claims(emulator.token())
    assert (claims["iss"], claims["aud"], claims["sub"], claims["scope"]) == (
        emulator.issuer, "habeas-staff", "staff-1", "")
    assert "controllers" not in claims
    assert abs(claims["exp"] - time.time() - 600) < 5


def test_wishes(emulator: Emulator) -> None:
    claims = _claims(emulator.token(scope="a b", sub="ada", aud="x", exp=-5, controllers="c1 c2", iss="https://other",
                                    omit="nbf"))
    assert (claims["scope"], claims["sub"], claims["aud"], claims["controllers"], claims["iss"]) == (
        "a b", "ada", "x", "c1 c2", "https://other")
    assert claims["exp"] < time.time()
    assert "nbf" not in claims


@pytest.mark.parametrize("path", ["/nothing", "/token?exp=soon"])
def test_nonsense_is_refused(emulator: Emulator, path: str) -> None:
    assert http("GET", emulator.issuer + path).status in (400, 404)
