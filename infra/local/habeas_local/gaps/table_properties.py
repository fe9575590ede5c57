"""Time to live, point-in-time recovery and encryption of a table declared in a template.

The emulator's ``AWS::DynamoDB::Table`` ignores the three properties, so a table from a template
never expired anything and reported neither recovery nor its key.
"""

from __future__ import annotations

from typing import Any

from ministack.core.responses import get_account_id, get_region
from ministack.services import dynamodb
from ministack.services.cloudformation import provisioners

from habeas_local.emulator import is_true, key_arn
from habeas_local.settings import Settings


def install(settings: Settings) -> None:
    handlers = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"]
    create, update = handlers["create"], handlers["update"]

    def create_with_properties(logical_id: str, properties: dict, stack_name: str) -> Any:
        result = create(logical_id, properties, stack_name)
        _apply(result[0], properties)
        return result

    def update_with_properties(physical_id: str, old: dict, new: dict, *args: Any, **kwargs: Any) -> Any:
        result = update(physical_id, old, new, *args, **kwargs)
        _apply(result[0] if isinstance(result, tuple) else physical_id, new)
        return result

    handlers.update(create=create_with_properties, update=update_with_properties)


def _apply(table_name: str, properties: dict) -> None:
    expiry = properties.get("TimeToLiveSpecification") or {}
    if is_true(expiry.get("Enabled")):
        dynamodb._ttl_settings[table_name] = {"TimeToLiveStatus": "ENABLED", "AttributeName": expiry["AttributeName"]}
    else:
        dynamodb._ttl_settings.pop(table_name, None)

    recovery = properties.get("PointInTimeRecoverySpecification") or {}
    dynamodb._pitr_settings[table_name] = is_true(recovery.get("PointInTimeRecoveryEnabled"))

    encryption = properties.get("SSESpecification") or {}
    table = dynamodb._tables.get(table_name)
    if table is None:
        return
    if is_true(encryption.get("SSEEnabled")):
        key = key_arn(encryption.get("KMSMasterKeyId") or "alias/aws/dynamodb", get_account_id(), get_region())
        table["SSEDescription"] = {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
    else:
        table["SSEDescription"] = None
