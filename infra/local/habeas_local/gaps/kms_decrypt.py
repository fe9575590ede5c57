"""Decrypt refuses a damaged ciphertext, and one of another key than the caller names.

The emulator's ciphertexts have no integrity check: a changed byte decrypts to garbage. Here only a
ciphertext that was handed out can be decrypted. And the emulator ignores that the request names a
key; AWS answers IncorrectKeyException when it is not the ciphertext's own. (A wrong encryption
context is refused by the emulator itself.)
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from typing import Any, Callable

from ministack.core.responses import error_response_json
from ministack.services import kms

from habeas_local.settings import Settings

_KEY_ID_LENGTH = 36
_MAKERS = ("_encrypt", "_generate_data_key", "_generate_data_key_without_plaintext",
           "_generate_data_key_pair", "_generate_data_key_pair_without_plaintext")
_CIPHERTEXTS = ("CiphertextBlob", "PrivateKeyCiphertextBlob")
_handed_out: set[bytes] = set()


def reset() -> None:
    _handed_out.clear()


def install(settings: Settings) -> None:
    for name in _MAKERS:
        setattr(kms, name, _remembering(getattr(kms, name)))
    decrypt = kms._decrypt

    def decrypt_checked(data: dict) -> Any:
        return _refusal(data) or decrypt(data)

    kms._decrypt = decrypt_checked


def _remembering(make: Callable[[dict], Any]) -> Callable[[dict], Any]:
    def make_and_remember(data: dict) -> Any:
        response = make(data)
        if response[0] == 200:
            made = json.loads(response[2])
            _handed_out.update(_digest(made[field]) for field in _CIPHERTEXTS if field in made)
        return response

    return make_and_remember


def _refusal(data: dict) -> Any:
    """Why this Decrypt request must fail, as a response, or None. Asymmetric keys are left alone."""
    ciphertext = data.get("CiphertextBlob", "")
    named = kms._resolve_key(data["KeyId"]) if data.get("KeyId") else None
    if named is not None and "_symmetric_key" not in named:
        return None
    if _digest(ciphertext) not in _handed_out:
        return error_response_json("InvalidCiphertextException", "", 400)
    if named is not None and _raw(ciphertext)[:_KEY_ID_LENGTH] != named["KeyId"].encode():
        return error_response_json(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
            400,
        )
    return None


def _digest(ciphertext: Any) -> bytes:
    return hashlib.sha256(_raw(ciphertext)).digest()


def _raw(ciphertext: Any) -> bytes:
    try:
        return base64.b64decode(ciphertext) if isinstance(ciphertext, str) else bytes(ciphertext)
    except binascii.Error:
        return b""
