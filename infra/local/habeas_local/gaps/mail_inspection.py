"""``/_ministack/ses/messages`` also shows tags, headers, reply addresses and configuration set.

A test needs them to find the message of one request; the emulator throws them away.
"""

from __future__ import annotations

import json
from typing import Any

from ministack import app
from ministack.services import ses_v2

from habeas_local.emulator import json_object, sends_mail
from habeas_local.settings import Settings

_KEPT = ("EmailTags", "ReplyToAddresses", "ConfigurationSetName", "Headers")


def install(settings: Settings) -> None:
    handle = ses_v2.handle_request
    inspect = app._handle_ses_messages_request

    async def handle_and_keep(method: str, path: str, headers: dict, body: bytes, query_params: dict) -> Any:
        response = await handle(method, path, headers, body, query_params)
        if sends_mail(method, path) and response[0] == 200:
            _keep(json_object(body), json.loads(response[2])["MessageId"])
        return response

    async def inspect_with_kept(method: str, path: str, headers: dict, query_params: dict) -> Any:
        response = await inspect(method, path, headers, query_params)
        if response is None or response[0] != 200:
            return response
        listing = json.loads(response[2])
        kept = _kept_by_message()
        for messages in listing["messages"].values():
            for message in messages:
                message.update(kept.get(message["MessageId"], {}))
        return response[0], response[1], json.dumps(listing).encode()

    ses_v2.handle_request = handle_and_keep
    app._handle_ses_messages_request = inspect_with_kept


def _keep(request: dict, message_id: str) -> None:
    content = request.get("Content") or {}
    simple = content.get("Simple") or content.get("Template") or {}
    facts = {**{name: request[name] for name in _KEPT if name in request},
             **({"Headers": simple["Headers"]} if "Headers" in simple else {})}
    for record in reversed(ses_v2._sent_emails_list()):
        if record["MessageId"] == message_id:
            record.update(facts)
            return


def _kept_by_message() -> dict[str, dict]:
    from ministack.services import ses

    found = {}
    for records in ses._sent_emails.all_values():
        for record in records if isinstance(records, list) else []:
            found[record["MessageId"]] = {name: record[name] for name in _KEPT if name in record}
    return found
