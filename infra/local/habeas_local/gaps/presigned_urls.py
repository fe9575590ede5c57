"""Presigned S3 URLs must be signed with Signature Version 4.

The emulator checks a version 4 URL's signature and expiry, but takes any version 2 URL (what boto3
makes unless told otherwise) without looking at either, also long after it expired. S3 refuses
version 2 for every bucket made since 2020.
"""

from __future__ import annotations

from typing import Any

from ministack.services import s3

from habeas_local.settings import Settings


def install(settings: Settings) -> None:
    verify = s3._verify_presigned_sigv4

    def verify_or_refuse(method: str, path: str, headers: dict, query_params: dict) -> Any:
        if "AWSAccessKeyId" in query_params and "Signature" in query_params:
            return s3._error(
                "InvalidRequest",
                "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256.",
                400,
                path,
            )
        return verify(method, path, headers, query_params)

    s3._verify_presigned_sigv4 = verify_or_refuse
