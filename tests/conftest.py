"""What every test finds: locks that no other program shares; and the table of faults, where it is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import fault_table
import pytest

_outcomes: dict[str, str] = {}


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


@pytest.fixture(autouse=True, scope="session")
def own_locks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("locks")
    os.environ["NWLAB_LOCKS"] = str(folder)
    yield folder
    del os.environ["NWLAB_LOCKS"]
