"""Command line of the local AWS: options, version check, ports, then the server."""

from __future__ import annotations

import argparse
import errno
import importlib.metadata
import shutil
import socket
import sys
import tempfile
from pathlib import Path
from typing import Sequence

from habeas_local import EMULATOR_VERSION
from habeas_local.settings import LOOPBACK, Settings

EXIT_WRONG_EMULATOR = 3
EXIT_PORT_UNAVAILABLE = 2


class PortUnavailable(Exception):
    """A port this run needs belongs to another process, or to root."""

    def __init__(self, port: int, flag: str, taken: bool) -> None:
        super().__init__(
            f"port {port} on {LOOPBACK} is already in use: "
            f"stop the process that holds it, or choose another port with {flag}"
            if taken else
            f"port {port} on {LOOPBACK} may not be opened by this user: choose another port with {flag}"
        )


def emulator_problem() -> str | None:
    """Why the installed emulator cannot be used, or None when it is the pinned one."""
    install = "install the pinned one: pip install --require-hashes -r requirements.txt"
    try:
        found = importlib.metadata.version("ministack")
    except importlib.metadata.PackageNotFoundError:
        return f"MiniStack is not installed; {install}"
    if found != EMULATOR_VERSION:
        return f"MiniStack {found} is installed, but the gaps are closed for {EMULATOR_VERSION}; {install}"
    return None


def listen(port: int, flag: str) -> socket.socket:
    """A listening loopback socket. Port 0 takes a free one."""
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        listener.bind((LOOPBACK, port))
        listener.listen(256)
    except OSError as problem:
        listener.close()
        if problem.errno in (errno.EADDRINUSE, errno.EACCES):
            raise PortUnavailable(port, flag, problem.errno == errno.EADDRINUSE) from problem
        raise
    return listener


def arguments() -> argparse.ArgumentParser:
    from habeas_local.gaps import NAMES

    parser = argparse.ArgumentParser(
        prog="python -m habeas_local",
        description="Local AWS for Habeas: the pinned emulator with its gaps closed, and an issuer of staff tokens.",
    )
    parser.add_argument("--port", type=int, default=4566, help="AWS endpoint on 127.0.0.1 (0: any free port)")
    parser.add_argument("--issuer-port", type=int, default=4580, help="token issuer on 127.0.0.1 (0: any free port)")
    parser.add_argument("--region", default="eu-west-1")
    parser.add_argument("--ttl-sweep-seconds", type=float, default=2.0, help="pause between TTL sweeps")
    parser.add_argument("--retry-backoff-seconds", type=float, default=0.3, help="pause before a stream batch is retried")
    parser.add_argument("--data-dir", type=Path, help="keep everything written below this folder "
                        "(default: a temporary folder, removed at the end)")
    parser.add_argument("--no-throttle", action="store_true", help="ignore the API's throttling settings")
    parser.add_argument("--enforce-iam", action="store_true", help="let the emulator evaluate IAM policies (see README)")
    parser.add_argument("--log-level", default="WARNING", choices=("DEBUG", "INFO", "WARNING", "ERROR"))
    parser.add_argument("--without", action="append", default=[], metavar="GAP", choices=NAMES,
                        help="leave one gap open, to show that its test notices; one of: " + ", ".join(NAMES))
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    options = arguments().parse_args(argv)
    problem = emulator_problem()
    if problem:
        print(f"habeas_local: {problem}", file=sys.stderr)
        return EXIT_WRONG_EMULATOR
    try:
        api_listener = listen(options.port, "--port")
        issuer_listener = listen(options.issuer_port, "--issuer-port")
    except PortUnavailable as unavailable:
        print(f"habeas_local: {unavailable}", file=sys.stderr)
        return EXIT_PORT_UNAVAILABLE
    temporary = options.data_dir is None
    data_dir = Path(tempfile.mkdtemp(prefix="habeas-local-")) if temporary else options.data_dir.resolve()
    settings = Settings(
        port=api_listener.getsockname()[1],
        issuer_port=issuer_listener.getsockname()[1],
        data_dir=data_dir,
        region=options.region,
        ttl_sweep_seconds=options.ttl_sweep_seconds,
        retry_backoff_seconds=options.retry_backoff_seconds,
        throttle=not options.no_throttle,
        enforce_iam=options.enforce_iam,
        log_level=options.log_level,
        without=frozenset(options.without),
    )
    from habeas_local import environment

    environment.prepare(settings)
    from habeas_local import server

    try:
        return server.run(settings, api_listener, issuer_listener)
    finally:
        if temporary:
            shutil.rmtree(data_dir, ignore_errors=True)
