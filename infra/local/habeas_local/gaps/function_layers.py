"""Layers and a clean environment for ``provided.*`` functions.

A function process runs on the host, where ``/opt`` is not ours. The layers of a function are merged
in order (the last one wins) into a folder named by ``OPT_DIR``; a function reads
``OPT_DIR`` and falls back to ``/opt``. Variables of the host do not reach the function: it sees what
Lambda sets, what its configuration sets, and ``PATH``.
"""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import threading
import zipfile
from pathlib import Path

from ministack.services import lambda_svc

from habeas_local.settings import Settings

_FROM_HOST = frozenset({"PATH", "LD_LIBRARY_PATH", "RUST_BACKTRACE", "LLVM_PROFILE_FILE"})
_SET_BY_LAMBDA = frozenset({
    "_HANDLER", "_X_AMZN_TRACE_ID", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION", "AWS_ENDPOINT_URL",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "AWS_LAMBDA_FUNCTION_NAME", "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_LOG_GROUP_NAME", "AWS_LAMBDA_LOG_STREAM_NAME", "AWS_LAMBDA_RUNTIME_API", "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "LAMBDA_TASK_ROOT",
})
_CONSTANT = {"TZ": ":UTC", "LANG": "en_US.UTF-8", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand"}

_extracting = threading.Lock()
_layers_root = Path()


def install(settings: Settings) -> None:
    global _layers_root
    _layers_root = settings.data_dir / "layers"
    shutil.rmtree(_layers_root, ignore_errors=True)
    build = lambda_svc._provided_worker_env

    def build_clean(config: dict, code_dir: str, port: int) -> dict[str, str]:
        configured = (config.get("Environment") or {}).get("Variables") or {}
        environment = {
            name: value
            for name, value in build(config, code_dir, port).items()
            if name in configured or name in _FROM_HOST or name in _SET_BY_LAMBDA or name not in os.environ
        }
        for name, value in _CONSTANT.items():
            environment.setdefault(name, value)
        environment.setdefault("AWS_LAMBDA_LOG_GROUP_NAME", f"/aws/lambda/{environment['AWS_LAMBDA_FUNCTION_NAME']}")
        folder = _merged_layers(config)
        if folder is not None:
            environment["OPT_DIR"] = str(folder)
        return environment

    lambda_svc._provided_worker_env = build_clean


def _merged_layers(config: dict) -> Path | None:
    archives = [archive for archive in map(lambda_svc._resolve_layer_zip, config.get("Layers") or []) if archive]
    if not archives:
        return None
    digest = hashlib.sha256(b"".join(hashlib.sha256(archive).digest() for archive in archives)).hexdigest()
    folder = _layers_root / digest
    # The emulator's lock keeps a fork from inheriting a file that is still being written.
    with _extracting, lambda_svc._provided_code_lock:
        if not folder.is_dir():
            unfinished = _layers_root / f"{digest}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir(parents=True)
            for archive in archives:
                with zipfile.ZipFile(io.BytesIO(archive)) as content:
                    lambda_svc._extract_zip_preserving_mode(content, str(unfinished))
            unfinished.rename(folder)
    return folder
