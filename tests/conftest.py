"""What every test finds: locks that no other program shares; and the table of faults, where it is asked for."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from fault_table import TRIALS, Account, table

_account = Account()
TIMED = ("deaths", "foreign", "remote")
"""Rooms whose tests hold both ends of a wire, or programs, to times."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that others would disturb are marked before any are chosen."""
    for item in items:
        if item.path.relative_to(Path(__file__).parent).parts[0] in TIMED:
            item.add_marker("timed")


def pytest_configure() -> None:
    """Programs that are started here get Ctrl-C as from a terminal, also where the tests run in the background."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is signal.SIG_IGN:
        signal.signal(signal.SIGHUP, signal.SIG_DFL)


def pytest_runtest_teardown() -> None:
    """A command that was played here has left Ctrl-C ignored, and whatever program comes next would inherit that."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--trials", type=int, default=2, help="how often each death of a process is tried")
    parser.addoption("--fault-table", metavar="FILE", help="write the table of faults, once all its tests were run")


def pytest_collectreport(report: pytest.CollectReport) -> None:
    if report.failed:
        _account.left_out.add(report.nodeid)


def pytest_deselected(items: list[pytest.Item]) -> None:
    _account.left_out |= _marked(items)


def pytest_collection_finish(session: pytest.Session) -> None:
    _account.due |= _marked(session.items)


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when == "call" or report.outcome != "passed":
        _account.ended(report.nodeid, report.outcome)
    if report.when == "teardown":
        _account.finished(report.nodeid)


def pytest_sessionfinish(session: pytest.Session) -> None:
    path = session.config.getoption("--fault-table")
    if path is None:
        return
    if _missing(session.config):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
    else:
        Path(path).write_text(table(_account.outcomes), encoding="utf-8")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if config.getoption("--fault-table") is not None and (missing := _missing(config)):
        terminalreporter.section("the table of faults was not written")
        for line in missing:
            terminalreporter.write_line(f"not run: {line}")


def _missing(config: pytest.Config) -> list[str]:
    """What a table from this session would lack."""
    trials = config.getoption("--trials")
    few = [f"{TRIALS - trials} of {TRIALS} trials of each death"] if trials < TRIALS else []
    return few + _account.not_run()


def _marked(items: list[pytest.Item]) -> set[str]:
    return {item.nodeid for item in items if item.get_closest_marker("fault")}


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
