"""Gap ``presigned_urls``: expiry and signature of a presigned URL count."""

from __future__ import annotations

import time

import boto3
import pytest
from botocore.config import Config

from support import REGION, Account, http


@pytest.fixture
def bucket(account: Account) -> str:
    name = f"shared-{account.id}"
    s3 = account.client("s3")
    s3.create_bucket(Bucket=name, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=name, Key="export.zip", Body=b"data")
    return name


def _presign(s3: object, bucket: str, seconds: int) -> str:
    return s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "export.zip"}, ExpiresIn=seconds)


def test_a_version_4_url_ends(account: Account, bucket: str) -> None:
    s3 = account.client("s3")
    assert http("GET", _presign(s3, bucket, 60)).body == b"data"
    short = _presign(s3, bucket, 1)
    time.sleep(2.1)
    expired = http("GET", short)
    assert expired.status == 403 and b"Request has expired" in expired.body


def test_a_changed_version_4_url_is_refused(account: Account, bucket: str) -> None:
    url = _presign(account.client("s3"), bucket, 60)
    assert http("GET", url.replace("X-Amz-Expires=60", "X-Amz-Expires=6000")).status == 403
    assert http("GET", url.replace("export.zip", "other.zip")).status == 403


def test_a_version_2_url_is_refused(account: Account, bucket: str) -> None:
    s3 = boto3.client("s3", endpoint_url=account.emulator.url, region_name=REGION, aws_access_key_id=account.id,
                      aws_secret_access_key="test", config=Config(signature_version="s3", s3={"addressing_style": "path"}))
    url = _presign(s3, bucket, 60)
    assert "AWSAccessKeyId=" in url
    refused = http("GET", url)
    assert refused.status == 400 and b"Please use AWS4-HMAC-SHA256" in refused.body
