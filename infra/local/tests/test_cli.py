"""The command line: ports, readiness, loopback only, files, version."""

from __future__ import annotations

import importlib.metadata
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from habeas_local import cli
from support import PACKAGE_ROOT, Account, Emulator, http


def _run(*flags: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-m", "habeas_local", *flags], capture_output=True, text=True, timeout=20,
                          env={**os.environ, "PYTHONPATH": str(PACKAGE_ROOT)})


@pytest.mark.parametrize("flag", ["--port", "--issuer-port"])
def test_a_taken_port_is_one_plain_line(flag: str) -> None:
    other = {"--port": "--issuer-port", "--issuer-port": "--port"}[flag]
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        ended = _run(flag, str(port), other, "0")
    assert ended.returncode == 2
    assert ended.stdout == ""
    (line,) = ended.stderr.splitlines()
    assert f"port {port} " in line and flag in line


def test_another_emulator_version_is_refused(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(importlib.metadata, "version", lambda name: "9.9.9")
    assert cli.main([]) == 3
    message = capsys.readouterr().err
    assert "9.9.9" in message and "1.5.33" in message


def test_it_says_when_it_is_ready(emulator: Emulator) -> None:
    assert http("GET", f"{emulator.url}/_ministack/ready").status == 200


@pytest.mark.skipif(not Path("/proc/net/tcp").exists(), reason="needs /proc")
def test_every_listening_socket_is_loopback(account: Account) -> None:
    account.function("any")
    account.client("lambda").invoke(FunctionName="any")
    process_id = account.emulator.process.pid
    own = {os.readlink(link)[8:-1] for link in Path(f"/proc/{process_id}/fd").iterdir()
           if link.is_symlink() and os.readlink(link).startswith("socket:[")}
    tables = [Path(f"/proc/net/{table}").read_text().splitlines()[1:] for table in ("tcp", "tcp6")]
    listening = [line.split() for table in tables for line in table]
    addresses = {fields[1].split(":")[0] for fields in listening if fields[3] == "0A" and fields[9] in own}
    assert addresses == {"0100007F"}


def test_everything_written_is_below_the_data_folder(tmp_path: Path) -> None:
    folder, elsewhere = tmp_path / "data", tmp_path / "tmp"
    elsewhere.mkdir()
    with Emulator.started("--data-dir", str(folder), env={**os.environ, "TMPDIR": str(elsewhere)}) as emulator:
        account = Account(emulator, "929000000002", tmp_path)
        account.function("any")
        account.client("lambda").invoke(FunctionName="any")
    assert any(folder.rglob("bootstrap"))
    assert list(elsewhere.iterdir()) == []


def test_a_temporary_data_folder_is_removed(tmp_path: Path) -> None:
    with Emulator.started(env={**os.environ, "TMPDIR": str(tmp_path)}):
        assert [path.name for path in tmp_path.iterdir() if path.name.startswith("habeas-local-")]
    assert list(tmp_path.iterdir()) == []


def test_reset_empties_every_account(tmp_path: Path) -> None:
    with Emulator.started() as emulator:
        account = Account(emulator, "929000000003", tmp_path)
        account.table()
        assert http("POST", f"{emulator.url}/_ministack/reset", b"").status == 200
        assert account.client("dynamodb").list_tables()["TableNames"] == []
