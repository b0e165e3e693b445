"""Steps that tell what they have found out: it stands on record once, also of a run that is continued."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs.ohmic import OhmicChip, volts

from nwlab.core.errors import UsageError, WireError
from nwlab.core.record import RunInfo
from nwlab.core.result import RESULT, Result
from nwlab.runs.continuation import Continuation
from nwlab.runs.player import Drives
from nwlab.runs.recording import Run, load_run
from nwlab.runs.runner import record_run

INFO = RunInfo("tells")


def telling() -> Drives:
    """Three drives; before, between and after them something is told."""
    assert (yield Result({"begun": True})) is None
    for level in (1.0, 2.0, 3.0):
        reading = yield volts([level, level])
        yield Result({"level": level, "conductance": {"value": reading.conductance[-1, 0], "unit": "S"}})


def told(run: Run) -> list[object]:
    return [note["content"].get("level", "begun") for note in run.notes if note["kind"] == RESULT]


def broken(drives: Drives, folder: Path, at: int, after: Continuation | None = None) -> Run:
    """Lose the chip in block `at`."""

    def lose(number: int) -> None:
        if number == at:
            raise WireError("lost")

    with pytest.raises(WireError):
        record_run(drives, OhmicChip(block=1, at_block=lose), folder, INFO, after=after)
    return load_run(folder)


def test_what_a_step_tells_stands_under_its_name(tmp_path: Path) -> None:
    run = record_run(telling(), OhmicChip(), tmp_path / "run", INFO, label=lambda: "2 second")
    assert run.results == {"2 second": {"level": 3.0, "conductance": {"value": pytest.approx(1e-4), "unit": "S"}}}
    assert told(run) == ["begun", 1.0, 2.0, 3.0]
    assert len(run.drives) == 3


@pytest.mark.parametrize("at", range(6))
def test_a_run_that_is_continued_tells_nothing_twice(tmp_path: Path, at: int) -> None:
    first = broken(telling(), tmp_path / "first", at)
    assert told(first) == ["begun", 1.0, 2.0, 3.0][: 1 + at // 2]
    after = Continuation(first)
    second = broken(after.feed(telling()), tmp_path / "second", 0, after)
    assert told(second) == told(first)
    after = Continuation(second)
    run = record_run(after.feed(telling()), OhmicChip(block=1), tmp_path / "third", INFO, after=after)
    assert told(run) == ["begun", 1.0, 2.0, 3.0]
    assert [drive.steps for drive in run.drives] == [2, 2, 2]


def test_what_was_not_told_any_more_is_told_by_the_rest(tmp_path: Path) -> None:
    def silent() -> Drives:
        yield volts([1.0])
        raise WireError("lost before it was told")

    def whole() -> Drives:
        yield volts([1.0])
        yield Result({"level": 1.0})

    with pytest.raises(WireError):
        record_run(silent(), OhmicChip(), tmp_path / "old", INFO)
    after = Continuation(load_run(tmp_path / "old"))
    run = record_run(after.feed(whole()), OhmicChip(), tmp_path / "new", INFO, after=after)
    assert (told(run), len(run.drives)) == ([1.0], 1)


def test_a_protocol_that_tells_more_than_then_is_another_one(tmp_path: Path) -> None:
    def silent() -> Drives:
        yield volts([1.0])
        yield volts([2.0])

    old = broken(silent(), tmp_path / "old", 1)
    with pytest.raises(UsageError, match="it tells a result first, which is not on record"):
        Continuation(old).feed(telling())
