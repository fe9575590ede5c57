"""One emulator for the whole run, and an AWS account of its own for each test."""

from __future__ import annotations

import itertools
import os
from pathlib import Path
from typing import Iterator

import pytest

from support import Account, Emulator

_accounts = itertools.count(910000000000)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--without", action="append", default=[], metavar="GAP",
                     help="run against an emulator that leaves this gap open: its tests must fail")


def _left_open(request: pytest.FixtureRequest) -> list[str]:
    return [flag for gap in request.config.getoption("--without") for flag in ("--without", gap)]


@pytest.fixture(scope="session")
def emulator(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Emulator]:
    # What the host has in its environment must not reach a function.
    surroundings = {**os.environ, "HOST_SECRET": "leaked", "AWS_PROFILE": "leaked"}
    with Emulator.started("--ttl-sweep-seconds", "0.2", "--data-dir", str(tmp_path_factory.mktemp("data")),
                          *_left_open(request), env=surroundings) as running:
        yield running


@pytest.fixture(scope="session")
def enforcing_emulator(request: pytest.FixtureRequest) -> Iterator[Emulator]:
    with Emulator.started("--enforce-iam", *_left_open(request)) as running:
        yield running


@pytest.fixture
def enforced(enforcing_emulator: Emulator, tmp_path: Path) -> Account:
    """An account where functions have the permissions of their role and no more."""
    return Account(enforcing_emulator, str(next(_accounts)), tmp_path)


@pytest.fixture
def account(emulator: Emulator, tmp_path: Path) -> Account:
    return Account(emulator, str(next(_accounts)), tmp_path)


@pytest.fixture(scope="module")
def module_account(emulator: Emulator, tmp_path_factory: pytest.TempPathFactory) -> Account:
    """An account shared by the tests of one file, for a stack that none of them changes."""
    return Account(emulator, str(next(_accounts)), tmp_path_factory.mktemp("account"))
