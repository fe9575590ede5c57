"""Runs the emulator and the issuer until a signal asks for the end, and leaves no process behind."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import socket
import sys

from habeas_local import gaps
from habeas_local.issuer import Issuer
from habeas_local.settings import LOOPBACK, Settings

_EXIT_GRACE_SECONDS = 2.0


def run(settings: Settings, api_listener: socket.socket, issuer_listener: socket.socket) -> int:
    """Serve until SIGTERM or SIGINT. Returns the exit code."""
    gaps.install(settings)
    logging.getLogger("samtranslator").setLevel(logging.ERROR)
    issuer = Issuer(issuer_listener)
    issuer.start()
    stopped = False
    try:
        stopped = asyncio.run(_serve(settings, api_listener))
    finally:
        issuer.stop()
        _end_functions()
    return 0 if stopped else 1


async def _serve(settings: Settings, listener: socket.socket) -> bool:
    from hypercorn.asyncio import serve
    from hypercorn.config import Config
    from ministack.app import app

    config = Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.graceful_timeout = 0.5
    config.loglevel = settings.log_level

    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop.set)
    announcer = asyncio.create_task(_announce(settings))
    server = asyncio.create_task(serve(app, config, shutdown_trigger=stop.wait))
    try:
        await asyncio.wait({server, asyncio.create_task(stop.wait())}, return_when=asyncio.FIRST_COMPLETED)
        if stop.is_set():
            # An invocation in flight would hold the shutdown for its whole timeout: end it first.
            await asyncio.to_thread(_end_functions)
            loop.call_later(_EXIT_GRACE_SECONDS, _leave_at_once, settings)
        await server
    finally:
        announcer.cancel()
    return stop.is_set()


async def _announce(settings: Settings) -> None:
    """Say so on standard output once the endpoint answers that it is ready."""
    while True:
        try:
            reader, writer = await asyncio.open_connection(LOOPBACK, settings.port)
            writer.write(b"GET /_ministack/ready HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            status = await reader.readline()
            writer.close()
            if b" 200" in status:
                break
        except OSError:
            pass
        await asyncio.sleep(0.05)
    print(f"habeas_local ready api={settings.api_url} issuer={settings.issuer_url}", flush=True)


def _end_functions() -> None:
    from ministack.core import lambda_runtime

    from habeas_local.gaps import function_processes

    try:
        lambda_runtime.reset()
    except Exception:
        logging.getLogger("habeas_local").exception("function processes did not end in order")
    function_processes.kill_all()


def _leave_at_once(settings: Settings) -> None:
    """The orderly shutdown hangs on some thread: everything that matters is already closed."""
    import shutil
    import tempfile

    _end_functions()
    if settings.data_dir.name.startswith("habeas-local-") and tempfile.gettempdir().startswith(str(settings.data_dir)):
        shutil.rmtree(settings.data_dir, ignore_errors=True)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
