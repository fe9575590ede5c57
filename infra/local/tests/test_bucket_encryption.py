"""Gap ``bucket_encryption``."""

from __future__ import annotations

from support import Account


def _bucket(account: Account, **properties: object) -> dict:
    return {"Resources": {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": f"sealed-{account.id}", **properties}}},
        "Outputs": {"Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}, "Bucket": {"Value": {"Ref": "Bucket"}}}}


def test_a_template_names_the_key_of_a_bucket(account: Account) -> None:
    sealed = _bucket(account, BucketEncryption={"ServerSideEncryptionConfiguration": [{
        "BucketKeyEnabled": True,
        "ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": {"Ref": "Key"}}}]})
    outputs, s3 = account.deploy(sealed), account.client("s3")
    (rule,) = s3.get_bucket_encryption(Bucket=outputs["Bucket"])["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule == {"BucketKeyEnabled": True, "ApplyServerSideEncryptionByDefault": {
        "SSEAlgorithm": "aws:kms", "KMSMasterKeyID": outputs["Key"]}}
    written = s3.put_object(Bucket=outputs["Bucket"], Key="entry", Body=b"1")
    assert (written["ServerSideEncryption"], written["SSEKMSKeyId"]) == ("aws:kms", outputs["Key"])

    account.deploy(_bucket(account))
    (rule,) = s3.get_bucket_encryption(Bucket=outputs["Bucket"])["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"] == {"SSEAlgorithm": "AES256"}
