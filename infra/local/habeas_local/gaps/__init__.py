"""The emulator's gaps, one module each. A module closes its gap in ``install(settings)``.

A module that keeps state of its own also has ``reset()``, called with the emulator's own reset.
"""

from __future__ import annotations

import importlib

from habeas_local.settings import Settings

NAMES = (
    "api_accounts",
    "api_body",
    "api_edge",
    "api_tokens",
    "bucket_encryption",
    "bucket_object_lock",
    "function_layers",
    "function_processes",
    "iam_conditions",
    "iam_resources",
    "invoke_latency",
    "kms_decrypt",
    "mail_inspection",
    "partiql_streams",
    "presigned_urls",
    "queue_batching",
    "queue_failures",
    "queue_move_tasks",
    "schedule_time",
    "stream_mapping",
    "table_properties",
    "ttl_removals",
)


def install(settings: Settings) -> None:
    """Close every gap except those in ``settings.without``."""
    import ministack.app

    modules = [importlib.import_module(f"{__name__}.{name}") for name in NAMES if name not in settings.without]
    for module in modules:
        module.install(settings)

    resets = [module.reset for module in modules if hasattr(module, "reset")]
    reset_emulator = ministack.app._reset_all_state

    def reset_everything() -> None:
        reset_emulator()
        for reset in resets:
            reset()

    ministack.app._reset_all_state = reset_everything
