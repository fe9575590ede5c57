"""``BucketEncryption`` of a bucket declared in a template.

The emulator keeps what PutBucketEncryption says but ignores the property, so every bucket of a
template reported AES256 and its objects named no key.
"""

from __future__ import annotations

from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id, get_region
from ministack.services import s3
from ministack.services.cloudformation import provisioners

from habeas_local.emulator import is_true, key_arn
from habeas_local.settings import Settings


def install(settings: Settings) -> None:
    provisioners._S3_BUCKET_CONFIGURATIONS += (
        ("BucketEncryption", _as_xml, s3._put_bucket_encryption, s3._delete_bucket_encryption),
    )


def _as_xml(encryption: dict) -> bytes:
    rules = "".join(map(_rule, encryption.get("ServerSideEncryptionConfiguration") or []))
    return f'<ServerSideEncryptionConfiguration xmlns="{s3.S3_NS}">{rules}</ServerSideEncryptionConfiguration>'.encode()


def _rule(rule: dict) -> str:
    default = rule.get("ServerSideEncryptionByDefault") or {}
    key = default.get("KMSMasterKeyID")
    named = f"<KMSMasterKeyID>{escape(key_arn(key, get_account_id(), get_region()))}</KMSMasterKeyID>" if key else ""
    return (
        "<Rule><ApplyServerSideEncryptionByDefault>"
        f"<SSEAlgorithm>{escape(default.get('SSEAlgorithm', ''))}</SSEAlgorithm>{named}"
        "</ApplyServerSideEncryptionByDefault>"
        f"<BucketKeyEnabled>{'true' if is_true(rule.get('BucketKeyEnabled')) else 'false'}</BucketKeyEnabled></Rule>"
    )
