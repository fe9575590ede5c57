"""With ``--enforce-iam``: PartiQL, batches of messages and sent mail are authorized as AWS authorizes them.

The emulator asks for ``dynamodb:BatchExecuteStatement`` on everything, which no policy grants: on
AWS a statement needs ``dynamodb:PartiQLDelete`` and so on, on its table or index. It asks for
``sqs:SendMessageBatch``, which is no action on AWS: a batch needs the permission of the single call. And it asks for
``ses:SendEmail`` on ``*`` where AWS asks for the identity that sends.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions
from ministack.services import dynamodb, ses_v2

from habeas_local.emulator import acting_in, json_object, sender, sends_mail
from habeas_local.settings import Settings

_STATEMENTS_IN = {
    "dynamodb:ExecuteStatement": lambda request: [request],
    "dynamodb:BatchExecuteStatement": lambda request: request.get("Statements"),
    "dynamodb:ExecuteTransaction": lambda request: request.get("TransactStatements"),
}
_ACTIONS = {"SELECT": "PartiQLSelect", "EXISTS": "PartiQLSelect", "INSERT": "PartiQLInsert",
            "UPDATE": "PartiQLUpdate", "DELETE": "PartiQLDelete"}
_BATCHES = {"sqs:SendMessageBatch": "sqs:SendMessage", "sqs:DeleteMessageBatch": "sqs:DeleteMessage",
            "sqs:ChangeMessageVisibilityBatch": "sqs:ChangeMessageVisibility"}


def install(settings: Settings) -> None:
    item_checks = iam_actions.dynamodb_transaction_checks
    resource_arn = iam_actions.extract_resource_arn
    request_action = iam_actions.extract_iam_action

    def checks(iam_action: str, body: bytes, region: str, account_id: str) -> list[tuple[str, str]]:
        if iam_action in _STATEMENTS_IN:
            return _statement_checks(iam_action, body, region, account_id)
        return item_checks(iam_action, body, region, account_id)

    def resource(service: str, method: str, path: str, headers: dict, body: bytes, query_params: dict, region: str,
                 account_id: str, *rest: Any) -> str:
        if service == "ses" and sends_mail(method, path):
            return _sending_identity(body, region, account_id)
        return resource_arn(service, method, path, headers, body, query_params, region, account_id, *rest)

    def action(*request: Any) -> str | None:
        asked = request_action(*request)
        return _BATCHES.get(asked, asked)

    iam_actions.dynamodb_transaction_checks = checks
    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = resource


def _statement_checks(iam_action: str, body: bytes, region: str, account_id: str) -> list[tuple[str, str]]:
    """``(action, resource)`` of each statement. One that cannot be read is left to the emulator's own check."""
    found = []
    for statement in _STATEMENTS_IN[iam_action](json_object(body)) or []:
        try:
            parsed = dynamodb._parse_partiql(statement["Statement"], statement.get("Parameters", []))
            table, index = parsed["table"], parsed.get("index")
            action = _ACTIONS[parsed["op"]]
        except (KeyError, TypeError, ValueError):
            return []
        arn = f"arn:aws:dynamodb:{region}:{account_id}:table/{table}"
        found.append((f"dynamodb:{action}", f"{arn}/index/{index}" if index else arn))
    return found


def _sending_identity(body: bytes, region: str, account_id: str) -> str:
    """The verified identity that covers the sender: the address itself, else its domain."""
    address = sender(body)
    with acting_in(account_id, region):
        known = address in ses_v2._identities or address in ses_v2._v1_identities
        identity = address if known else address.rpartition("@")[2]
    return f"arn:aws:ses:{region}:{account_id}:identity/{identity}"
