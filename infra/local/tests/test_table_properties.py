"""Gap ``table_properties``."""

from __future__ import annotations

from typing import Any

from support import Account


def _template(**properties: Any) -> dict[str, Any]:
    return {"Resources": {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": {"Version": "2012-10-17", "Statement": []}}},
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {
            "TableName": "declared", "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
            "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}], **properties}}},
        "Outputs": {"Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}}}}


ALL = {
    "TimeToLiveSpecification": {"AttributeName": "ttl", "Enabled": True},
    "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
    "SSESpecification": {"SSEEnabled": True, "SSEType": "KMS", "KMSMasterKeyId": {"Ref": "Key"}},
}


def test_a_template_sets_expiry_recovery_and_encryption(account: Account) -> None:
    outputs = account.deploy(_template(**ALL))
    dynamodb = account.client("dynamodb")
    assert dynamodb.describe_time_to_live(TableName="declared")["TimeToLiveDescription"] == {
        "TimeToLiveStatus": "ENABLED", "AttributeName": "ttl"}
    backups = dynamodb.describe_continuous_backups(TableName="declared")["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    assert dynamodb.describe_table(TableName="declared")["Table"]["SSEDescription"] == {
        "Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": outputs["Key"]}


def test_an_update_changes_them_and_leaving_them_out_ends_them(account: Account) -> None:
    dynamodb = account.client("dynamodb")

    def status() -> str:
        return dynamodb.describe_time_to_live(TableName="declared")["TimeToLiveDescription"]["TimeToLiveStatus"]

    account.deploy(_template())
    assert status() == "DISABLED"
    account.deploy(_template(**ALL))
    assert status() == "ENABLED"
    account.deploy(_template())
    assert status() == "DISABLED"
