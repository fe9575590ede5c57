"""Gap ``api_tokens``: malformed and endless tokens, and a restarted issuer."""

from __future__ import annotations

import base64
import json
import socket
import time
from typing import Iterator

import pytest

from habeas_local.issuer import Issuer
from support import Account, api_template, api_url, http


def _start(port: int) -> Issuer:
    issuer = Issuer(socket.create_server(("127.0.0.1", port)))
    issuer.start()
    return issuer


@pytest.fixture
def own_issuer() -> Iterator[Issuer]:
    issuer = _start(0)
    yield issuer
    issuer.stop()


def _deploy(account: Account, issuer: str) -> str:
    template = api_template(account, {"Staff": {"Path": "/staff", "Method": "GET", "Auth": {"Authorizer": "Staff"}}},
                            Auth={"Authorizers": {"Staff": {
                                "IdentitySource": "$request.header.Authorization",
                                "JwtConfiguration": {"issuer": issuer, "audience": ["habeas-staff"]}}}})
    return api_url(account, account.deploy(template)) + "/staff"


def test_a_token_without_an_end_is_refused(account: Account) -> None:
    url = _deploy(account, account.emulator.issuer)
    assert http("GET", url, authorization=f"Bearer {account.emulator.token()}").status == 200
    assert http("GET", url, authorization=f"Bearer {account.emulator.token(omit='exp')}").status == 401


@pytest.mark.parametrize("oddity", [{"exp": "soon"}, {"exp": True}, {"exp": None}, {"nbf": "now"}, {"iat": []}],
                         ids=lambda oddity: str(oddity))
def test_a_signed_token_with_odd_times_is_unauthorized(account: Account, own_issuer: Issuer, oddity: dict) -> None:
    url = _deploy(account, own_issuer.url)
    good = {"iss": own_issuer.url, "aud": "habeas-staff", "sub": "s", "exp": int(time.time()) + 60}
    assert http("GET", url, authorization=f"Bearer {own_issuer.signer.sign(good)}").status == 200
    assert http("GET", url, authorization=f"Bearer {own_issuer.signer.sign({**good, **oddity})}").status == 401


@pytest.mark.parametrize("claims", [[], "text", None])
def test_claims_that_are_no_object_are_unauthorized(account: Account, own_issuer: Issuer, claims: object) -> None:
    url = _deploy(account, own_issuer.url)
    assert http("GET", url, authorization=f"Bearer {own_issuer.signer.sign(claims)}").status == 401
    assert http("GET", url, authorization="Bearer x").status == 401
    assert http("GET", url, authorization="Bearer a.b.c").status == 401


def test_an_unsigned_token_is_unauthorized(account: Account) -> None:
    url = _deploy(account, account.emulator.issuer)
    header, claims, _signature = account.emulator.token().split(".")
    fields = json.loads(base64.urlsafe_b64decode(header + "=="))
    unsigned = base64.urlsafe_b64encode(json.dumps({**fields, "alg": "none"}).encode()).rstrip(b"=").decode()
    assert http("GET", url, authorization=f"Bearer {unsigned}.{claims}.").status == 401


def test_keys_of_a_restarted_issuer_are_taken_at_once(account: Account) -> None:
    first = _start(0)
    url = _deploy(account, first.url)
    old = http("GET", f"{first.url}/token").body.decode()
    assert http("GET", url, authorization=f"Bearer {old}").status == 200
    first.stop()
    second = _start(int(first.url.rsplit(":", 1)[1]))
    try:
        new = http("GET", f"{second.url}/token").body.decode()
        assert http("GET", url, authorization=f"Bearer {new}").status == 200
        assert http("GET", url, authorization=f"Bearer {old}").status == 401
    finally:
        second.stop()
