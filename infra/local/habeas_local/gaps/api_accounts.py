"""A public API answers anybody, whichever account owns it.

The emulator looks an API up in the caller's account only. A browser, a webhook or a bearer token
names no account, so only APIs of the default account were reachable, and tests that each use an
account of their own could not call theirs.
"""

from __future__ import annotations

from ministack.services import apigateway

from habeas_local.settings import Settings


def install(settings: Settings) -> None:
    find_in_own_account = apigateway.find_api_scope

    def find_anywhere(api_id: str) -> tuple[str, str] | None:
        own = find_in_own_account(api_id)
        if own is not None:
            return own
        owners = ((account_id, region) for (account_id, region, known), _ in apigateway._apis.all_items() if known == api_id)
        return next(owners, None)

    apigateway.find_api_scope = find_anywhere
