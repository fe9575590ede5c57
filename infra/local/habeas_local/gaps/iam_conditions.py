"""With ``--enforce-iam``: the keys of policy conditions have the values they have on AWS.

* ``aws:PrincipalArn`` of a role's session is the role, path included; the emulator says the session.
* ``aws:SecureTransport`` is true: the emulator's plain HTTP on the loopback stands for AWS's endpoints, which a client
  reaches over TLS. Else every policy that refuses plain HTTP refuses everything.
* ``ses:FromAddress`` is the address that mail is sent from, without its display name; the emulator has none.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

import ministack.app
from ministack.core import iam_evaluator
from ministack.services import iam

from habeas_local.emulator import sender, sends_mail
from habeas_local.settings import Settings

_from_address: ContextVar[str | None] = ContextVar("habeas_from_address", default=None)


def install(settings: Settings) -> None:
    resolve = iam_evaluator._resolve_condition_key
    enforce_ses = ministack.app._enforce_ses_v2

    def value(key: str, context: iam_evaluator.EvalContext) -> Any:
        match key.lower():
            case "aws:principalarn":
                return _principal(context)
            case "aws:securetransport":
                return "true"
            case "ses:fromaddress":
                return _from_address.get()
        return resolve(key, context)

    def enforce(method: str, path: str, headers: dict, body: bytes, *rest: Any) -> Any:
        token = _from_address.set(sender(body) or None if sends_mail(method, path) else None)
        try:
            return enforce_ses(method, path, headers, body, *rest)
        finally:
            _from_address.reset(token)

    iam_evaluator._resolve_condition_key = value
    ministack.app._enforce_ses_v2 = enforce


def _principal(context: iam_evaluator.EvalContext) -> str:
    """The caller, a role in place of its session. The session's ARN leaves out the role's path."""
    if ":assumed-role/" not in context.principal_arn:
        return context.principal_arn
    name = iam_evaluator._role_name_from_assumed_arn(context.principal_arn)
    role = iam._roles.get_scoped(context.principal_account, None, name)
    return role["Arn"] if role else context.principal_arn
