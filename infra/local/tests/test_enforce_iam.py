"""``--enforce-iam``: a function may do what its role allows and nothing else."""

from __future__ import annotations

import json

from support import ATTEMPT, REGION, Account

HANDLER = ATTEMPT + """
def handle(event):
    dynamodb = boto3.client("dynamodb")
    key = {"pk": {"S": "subject"}, "sk": {"S": "a"}}
    return {
        "read": attempt(dynamodb.get_item, TableName="items", Key=key),
        "delete": attempt(dynamodb.delete_item, TableName="items", Key=key),
        "read other": attempt(dynamodb.get_item, TableName="others", Key=key),
        "list queues": attempt(boto3.client("sqs").list_queues),
    }
"""


def test_a_function_has_the_permissions_of_its_role(enforced: Account) -> None:
    enforced.table("items")
    enforced.table("others")
    role = enforced.role("reader", ("dynamodb:GetItem", f"arn:aws:dynamodb:{REGION}:{enforced.id}:table/items"))
    enforced.function("reader", HANDLER, role=role, flags="-I")
    answer = enforced.client("lambda").invoke(FunctionName="reader")
    assert json.loads(answer["Payload"].read()) == {
        "read": "allowed",
        "delete": "AccessDeniedException",
        "read other": "AccessDeniedException",
        "list queues": "AccessDenied",
    }
