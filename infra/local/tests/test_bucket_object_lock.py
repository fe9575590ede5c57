"""Gap ``bucket_object_lock``."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError

from support import Account


def _declare(account: Account, mode: str) -> str:
    bucket = f"kept-{mode.lower()}-{account.id}"
    account.deploy({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {
        "BucketName": bucket, "ObjectLockEnabled": True,
        "ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled",
                                    "Rule": {"DefaultRetention": {"Mode": mode, "Days": 1}}}}}}})
    return bucket


def test_a_locked_version_cannot_be_deleted(account: Account) -> None:
    bucket, s3 = _declare(account, "COMPLIANCE"), account.client("s3")
    version = s3.put_object(Bucket=bucket, Key="entry", Body=b"1")["VersionId"]
    assert s3.get_object_retention(Bucket=bucket, Key="entry", VersionId=version)["Retention"]["Mode"] == "COMPLIANCE"
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="entry", VersionId=version, BypassGovernanceRetention=True)
    refused = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "entry", "VersionId": version}]})
    assert [error["Code"] for error in refused["Errors"]] == ["AccessDenied"]


def test_governance_yields_to_the_bypass_only(account: Account) -> None:
    bucket, s3 = _declare(account, "GOVERNANCE"), account.client("s3")
    version = s3.put_object(Bucket=bucket, Key="entry", Body=b"1")["VersionId"]
    with pytest.raises(ClientError, match="AccessDenied"):
        s3.delete_object(Bucket=bucket, Key="entry", VersionId=version)
    s3.delete_object(Bucket=bucket, Key="entry", VersionId=version, BypassGovernanceRetention=True)
    assert "Versions" not in s3.list_object_versions(Bucket=bucket)


def test_a_bucket_without_the_property_is_not_locked(account: Account) -> None:
    bucket = f"plain-{account.id}"
    account.deploy({"Resources": {"Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": bucket}}}})
    with pytest.raises(ClientError, match="ObjectLockConfigurationNotFoundError"):
        account.client("s3").get_object_lock_configuration(Bucket=bucket)
