"""Function processes end with the emulator, together with whatever they started themselves.

Each function process leads a process group of its own; ending it ends the group. The emulator only
signalled the one process, and at its own exit not even that.
"""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from types import SimpleNamespace
from typing import Any

from ministack.core import lambda_runtime
from ministack.services import lambda_svc

from habeas_local.settings import Settings

_started: set["FunctionProcess"] = set()
_started_lock = threading.Lock()


class FunctionProcess(subprocess.Popen):
    """A process that leads its own group: the group gets its signals, and ends when it has ended."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{**kwargs, "start_new_session": True})
        with _started_lock:
            _started.add(self)

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            _signal_group(self.pid, number)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def poll(self) -> int | None:
        return self._ended(super().poll())

    def wait(self, timeout: float | None = None) -> int:
        return self._ended(super().wait(timeout))

    def _ended(self, code: int | None) -> int | None:
        """Once the process is collected, end what it left behind. Only once: its id may be used again."""
        if code is not None:
            with _started_lock:
                first = self in _started
                _started.discard(self)
            if first:
                _signal_group(self.pid, signal.SIGKILL)
        return code


def _signal_group(process_id: int, number: int) -> None:
    try:
        os.killpg(process_id, number)
    except (ProcessLookupError, PermissionError):
        pass


def install(settings: Settings) -> None:
    for module in (lambda_runtime, lambda_svc):
        names = {name: getattr(subprocess, name) for name in subprocess.__all__}
        module.subprocess = SimpleNamespace(**{**names, "Popen": FunctionProcess})


def kill_all() -> None:
    """End every function process and its group."""
    with _started_lock:
        processes = list(_started)
    for process in processes:
        process.kill()
    for process in processes:
        try:
            process.wait(timeout=1)
        except subprocess.TimeoutExpired:
            continue
