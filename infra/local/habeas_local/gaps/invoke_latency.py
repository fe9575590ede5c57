"""A warm invocation of a ``provided.*`` function takes as long as the function does.

Two stalls of the emulator are removed. Its Runtime API writes headers and body in two segments, and
with Nagle's algorithm on the second waits some 40 ms for a delayed acknowledgement of the first.
And after a response it waits 50 ms for a log line that a quiet function never writes.
"""

from __future__ import annotations

import array
import fcntl
import termios
import time
from typing import Any

from ministack.core import lambda_runtime

from habeas_local.settings import Settings

_LOG_WAIT_SECONDS = 0.003
_LOG_LIMIT_SECONDS = 0.25


def install(settings: Settings) -> None:
    worker_class = lambda_runtime.ProvidedWorker
    build = worker_class._build_handler_class
    drain = worker_class._drain_stderr_bounded

    def build_without_delay(worker: Any, *args: Any) -> type:
        handler = build(worker, *args)
        handler.disable_nagle_algorithm = True
        return handler

    def drain_what_is_there(worker: Any, *args: Any, **kwargs: Any) -> str:
        if args or kwargs:
            return drain(worker, *args, **kwargs)
        # What the function wrote before it responded is in the pipe by now: let the reader take it.
        end = time.monotonic() + _LOG_LIMIT_SECONDS
        while _bytes_in_pipe(worker) and time.monotonic() < end:
            time.sleep(0.001)
        return drain(worker, first_line_wait=_LOG_WAIT_SECONDS, idle_confirm=_LOG_WAIT_SECONDS)

    worker_class._build_handler_class = build_without_delay
    worker_class._drain_stderr_bounded = drain_what_is_there


def _bytes_in_pipe(worker: Any) -> int:
    process = worker._proc
    if process is None or process.stdout is None:
        return 0
    count = array.array("i", [0])
    try:
        fcntl.ioctl(process.stdout.fileno(), termios.FIONREAD, count)
    except (OSError, ValueError):
        return 0
    return count[0]
