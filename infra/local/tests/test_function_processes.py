"""Gap ``function_processes``: nothing a function started outlives the emulator."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import pytest

from support import Account, Emulator, until

HANDLER = """
import subprocess
child = subprocess.Popen(["sleep", "300"])

def handle(event):
    if event.get("exit"):
        os._exit(3)
    if event.get("sleep"):
        record("sleeping")
        time.sleep(event["sleep"])
    return [os.getpid(), child.pid]
"""


def _alive(process_id: int) -> bool:
    if not Path("/proc/self/stat").exists():
        try:
            os.kill(process_id, 0)
        except ProcessLookupError:
            return False
        return True
    try:
        state = Path(f"/proc/{process_id}/stat").read_text().rsplit(")", 1)[1].split()[0]
        return state != "Z"
    except FileNotFoundError:
        return False


def _start_function(emulator: Emulator, folder: Path) -> tuple[Account, list[int]]:
    account = Account(emulator, "929000000001", folder)
    account.function("parent", HANDLER)
    ids = json.loads(account.client("lambda").invoke(FunctionName="parent")["Payload"].read())
    assert all(map(_alive, ids))
    return account, ids


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_everything(tmp_path: Path, request: pytest.FixtureRequest, number: int) -> None:
    flags = [flag for gap in request.config.getoption("--without") for flag in ("--without", gap)]
    with Emulator.started(*flags) as emulator:
        _account, ids = _start_function(emulator, tmp_path)
        emulator.process.send_signal(number)
        assert emulator.process.wait(timeout=5) == 0
        until(lambda: not any(map(_alive, ids)), 2, f"the end of {ids}")


def test_an_invocation_in_flight_does_not_hold_the_end_up(tmp_path: Path) -> None:
    with Emulator.started() as emulator:
        account, ids = _start_function(emulator, tmp_path)
        account.client("lambda").invoke(FunctionName="parent", Payload=b'{"sleep": 60}', InvocationType="Event")
        until(lambda: account.records("parent"), 5, "the invocation")
        started = time.monotonic()
        emulator.process.terminate()
        assert emulator.process.wait(timeout=8) == 0
        assert time.monotonic() - started < 5
        until(lambda: not any(map(_alive, ids)), 2, f"the end of {ids}")


def test_a_new_version_of_the_code_ends_the_old_process_group(account: Account) -> None:
    account.function("parent", HANDLER)
    ids = json.loads(account.client("lambda").invoke(FunctionName="parent")["Payload"].read())
    account.client("lambda").delete_function(FunctionName="parent")
    until(lambda: not any(map(_alive, ids)), 5, f"the end of {ids}")


def test_a_function_that_ends_by_itself_leaves_nothing(account: Account) -> None:
    account.function("parent", HANDLER)
    functions = account.client("lambda")
    ids = json.loads(functions.invoke(FunctionName="parent")["Payload"].read())
    assert functions.invoke(FunctionName="parent", Payload=b'{"exit": true}')["FunctionError"] == "Unhandled"
    until(lambda: not any(map(_alive, ids)), 5, f"the end of {ids}")
