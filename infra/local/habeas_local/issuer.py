"""A loopback OpenID Connect issuer for staff tokens, with ways to make bad ones.

* ``GET /.well-known/openid-configuration`` and ``GET /jwks.json``
* ``GET /token`` answers one RS256 token as text. Query parameters, all optional:

  ============  =======================================================================
  ``scope``     space-separated scopes
  ``sub``       subject (default ``staff-1``)
  ``aud``       audience (default ``habeas-staff``)
  ``exp``       seconds from now until it expires (default 600; negative: expired)
  ``nbf``       seconds from now until it becomes valid (default -1)
  ``controllers``  space-separated controller ids, an extra claim (absent when not given)
  ``iss``       another issuer in the claim: a token of somebody else
  ``kid``       another key id in the header
  ``key``       ``other``: signed with a key that is not in the key set
  ``omit``      space-separated claims to leave out
  ============  =======================================================================

Keys live as long as the process: a restarted issuer signs with new ones.
"""

from __future__ import annotations

import base64
import json
import socket
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Mapping

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

DEFAULT_AUDIENCE = "habeas-staff"
DEFAULT_SUBJECT = "staff-1"
KEY_ID = "habeas-local-1"


def _b64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def _b64url_integer(number: int) -> str:
    return _b64url(number.to_bytes((number.bit_length() + 7) // 8, "big"))


def _b64url_json(document: Any) -> str:
    return _b64url(json.dumps(document, separators=(",", ":")).encode())


class TokenSigner:
    """Makes tokens for one issuer URL. Knows one published key and one that nobody published."""

    def __init__(self, issuer_url: str) -> None:
        self.issuer_url = issuer_url
        self._published = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._unpublished: rsa.RSAPrivateKey | None = None

    def discovery(self) -> dict[str, Any]:
        return {
            "issuer": self.issuer_url,
            "jwks_uri": f"{self.issuer_url}/jwks.json",
            "token_endpoint": f"{self.issuer_url}/token",
            "response_types_supported": ["token"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
        }

    def key_set(self) -> dict[str, Any]:
        numbers = self._published.public_key().public_numbers()
        key = {"kty": "RSA", "use": "sig", "alg": "RS256", "kid": KEY_ID,
               "n": _b64url_integer(numbers.n), "e": _b64url_integer(numbers.e)}
        return {"keys": [key]}

    def token(self, wish: Mapping[str, str]) -> str:
        now = int(time.time())
        claims: dict[str, Any] = {
            "iss": wish.get("iss", self.issuer_url),
            "aud": wish.get("aud", DEFAULT_AUDIENCE),
            "sub": wish.get("sub", DEFAULT_SUBJECT),
            "scope": wish.get("scope", ""),
            "iat": now - 1,
            "nbf": now + int(wish.get("nbf", "-1")),
            "exp": now + int(wish.get("exp", "600")),
        }
        if "controllers" in wish:
            claims["controllers"] = wish["controllers"]
        for name in wish.get("omit", "").split():
            claims.pop(name, None)
        key = self._other_key() if wish.get("key") == "other" else self._published
        return self._signed(claims, wish.get("kid", KEY_ID), key)

    def sign(self, claims: Any) -> str:
        """A token of exactly these claims, however odd, signed with the published key."""
        return self._signed(claims, KEY_ID, self._published)

    def _signed(self, claims: Any, key_id: str, key: rsa.RSAPrivateKey) -> str:
        header = {"alg": "RS256", "typ": "JWT", "kid": key_id}
        signed = f"{_b64url_json(header)}.{_b64url_json(claims)}"
        signature = key.sign(signed.encode("ascii"), padding.PKCS1v15(), hashes.SHA256())
        return f"{signed}.{_b64url(signature)}"

    def _other_key(self) -> rsa.RSAPrivateKey:
        if self._unpublished is None:
            self._unpublished = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        return self._unpublished


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: "_Server"

    def do_GET(self) -> None:
        address = urllib.parse.urlsplit(self.path)
        signer = self.server.signer
        if address.path == "/.well-known/openid-configuration":
            self._answer("application/json", json.dumps(signer.discovery()))
        elif address.path == "/jwks.json":
            self._answer("application/json", json.dumps(signer.key_set()))
        elif address.path == "/token":
            wish = dict(urllib.parse.parse_qsl(address.query, keep_blank_values=True))
            try:
                self._answer("application/jwt", signer.token(wish))
            except ValueError:
                self._answer("text/plain", "exp and nbf are whole seconds from now", status=400)
        else:
            self._answer("text/plain", "not found", status=404)

    def _answer(self, content_type: str, text: str, status: int = 200) -> None:
        body = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep quiet: requests for tokens are no news."""


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    signer: TokenSigner


class Issuer:
    """The issuer on a listening loopback socket that was opened before."""

    def __init__(self, listener: socket.socket) -> None:
        host, port = listener.getsockname()
        self.url = f"http://{host}:{port}"
        self._server = _Server((host, port), _Handler, bind_and_activate=False)
        self._server.socket.close()
        self._server.socket = listener
        self.signer = self._server.signer = TokenSigner(self.url)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.1},
                                        daemon=True, name="habeas-issuer")

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()
