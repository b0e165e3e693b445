"""What every test finds: locks that no other program shares; and the table of faults, where it is asked for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import fault_table
import pytest

_outcomes: dict[str, str] = {}


def pytest_configure() -> None:
    """Programs that are started here get Ctrl-C as from a terminal, also where the tests run in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--trials", type=int, default=4, help="how often each death of a process is tried")
    parser.addoption("--fault-table", action="store_true", help="write tests/FAULTS.md from the tests that were run")


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    """A test of many parameters has passed when all of them have."""
    test = report.nodeid.partition("[")[0].removeprefix("tests/")
    path, *_, function = test.split("::")
    if report.when == "call" or report.outcome != "passed":
        worse = _outcomes.get(f"{path}::{function}", "passed")
        _outcomes[f"{path}::{function}"] = report.outcome if worse == "passed" else worse


def pytest_sessionfinish(session: pytest.Session) -> None:
    if session.config.getoption("--fault-table"):
        fault_table.TABLE.write_text(fault_table.table(_outcomes), encoding="utf-8")


@pytest.fixture(autouse=True)
def signals_as_they_were() -> Iterator[None]:
    """A command that ran in this process leaves Ctrl-C ignored, which every program started later would inherit."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture(autouse=True, scope="session")
def own_locks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("locks")
    os.environ["NWLAB_LOCKS"] = str(folder)
    yield folder
    del os.environ["NWLAB_LOCKS"]
