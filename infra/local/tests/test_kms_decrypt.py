"""Gap ``kms_decrypt``, and the encryption context the product relies on."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from support import Account


def test_a_data_key_opens_with_its_key_and_context_only(account: Account) -> None:
    kms = account.client("kms")
    key, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
    context = {"subject": "ada"}
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256", EncryptionContext=context)
    assert len(made["Plaintext"]) == 32

    def decrypt(**wish: object) -> bytes:
        return kms.decrypt(CiphertextBlob=made["CiphertextBlob"], **wish)["Plaintext"]

    assert decrypt(EncryptionContext=context) == made["Plaintext"]
    assert decrypt(EncryptionContext=context, KeyId=key) == made["Plaintext"]
    for wrong in ({}, {"subject": "bob"}, {**context, "more": "1"}):
        with pytest.raises(ClientError, match="InvalidCiphertextException"):
            decrypt(EncryptionContext=wrong)
    with pytest.raises(ClientError, match="IncorrectKeyException"):
        decrypt(EncryptionContext=context, KeyId=other)


def test_a_damaged_ciphertext_does_not_open(account: Account) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    ciphertext = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == b"secret"
    for damaged in (ciphertext[:-1] + bytes([ciphertext[-1] ^ 1]), ciphertext[:-1], ciphertext + b"x", b"garbage"):
        with pytest.raises(ClientError, match="InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=damaged)


def test_a_key_without_its_plaintext_opens_too(account: Account) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    made = kms.generate_data_key_without_plaintext(KeyId=key, KeySpec="AES_256")
    assert len(kms.decrypt(CiphertextBlob=made["CiphertextBlob"])["Plaintext"]) == 32


def test_an_asymmetric_ciphertext_made_elsewhere_still_opens(account: Account) -> None:
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import padding

    kms = account.client("kms")
    key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
    public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
    sealed = public.encrypt(b"secret", padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None))
    opened = kms.decrypt(KeyId=key, CiphertextBlob=sealed, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
    assert opened["Plaintext"] == b"secret"


def test_a_key_awaiting_deletion_opens_nothing(account: Account) -> None:
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    made = kms.generate_data_key(KeyId=key, KeySpec="AES_256")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    with pytest.raises(ClientError, match="KMSInvalidStateException"):
        kms.decrypt(CiphertextBlob=made["CiphertextBlob"])
