"""What a bench knows beside its readings stands in the record, wherever its instruments are held."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import several

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import UnsafeError
from nwlab.core.events import DriveFinished, Event, Noted, RunFinished
from nwlab.core.safe_state import SafeState
from nwlab.lab.news import News
from nwlab.lab.open_chip import About, OpenChip
from nwlab.lab.opening import open_bench, open_model
from nwlab.runs.following import Follower
from nwlab.runs.player import play
from nwlab.runs.recording import load_run
from nwlab.runs.runner import RunInfo, record_run


def volts(terminal: int, low: int, level: float = 1.0, compliance: float = 5e-4) -> Drive:
    return Drive(np.full(4, 0.01), (Force(terminal, Quantity.VOLTAGE, np.full(4, level), compliance, low=low),))


@pytest.fixture(params=[False, True], ids=["here", "in a process of its own"])
def chip(request: pytest.FixtureRequest) -> Iterator[OpenChip]:
    with open_bench("virtual", chip="resistor-10k", separate=request.param) as chip:
        yield chip


def test_relays_are_counted_by_drive_and_the_safe_state_is_kept(tmp_path: Path, chip: OpenChip) -> None:
    drives = several(volts(0, 1), volts(0, 1), volts(1, 0))
    record_run(drives, chip, tmp_path / "r", RunInfo("x"), close=True, telling=News(chip))
    with Follower(tmp_path / "r") as follower:
        events = follower.poll()
    ends = [event.relays for event in events if isinstance(event, DriveFinished)]
    assert ends == [2, 0, 2]
    safe, end = events[-2:]
    assert isinstance(end, RunFinished)
    assert isinstance(safe, Noted)
    assert safe.kind == "safe state"
    assert safe.content["confirmed"] is True
    assert "outputs a, b off" in str(safe.content["found"])


def test_a_doubtful_reading_is_told_once(tmp_path: Path, chip: OpenChip) -> None:
    """100 nA, read on the range that holds 500 uA."""
    drives = several(*(volts(0, 1, level=1e-3) for _ in range(3)))
    record_run(drives, chip, tmp_path / "r", RunInfo("x"), telling=News(chip))
    (note,) = load_run(tmp_path / "r").notes
    assert note["kind"] == "doubt"
    assert note["content"]["text"].startswith("terminal A: 4 of 4 readings have a stated error above 1% (the worst")


def test_what_was_found_on_and_remarks_are_kept_for_each_run() -> None:
    with open_model("resistor-10k") as model:
        chip = OpenChip(model, About(found_on=("smu a",), remark="a crashed program held it"))
        for _ in range(2):
            events: list[Event] = []
            play(several(volts(0, 1)), chip, (events.append,), telling=News(chip))
            notes = [event for event in events if isinstance(event, Noted)]
            assert [note.kind for note in notes] == ["remark", "found on"]
            assert "smu a; nothing was changed" in str(notes[1].content["text"])


def test_a_model_has_nothing_to_tell(tmp_path: Path) -> None:
    with open_model("resistor-10k") as chip:
        record_run(several(volts(0, 1)), chip, tmp_path / "r", RunInfo("x"), close=True, telling=News(chip))
    assert load_run(tmp_path / "r").notes == ()
    assert '"relays"' not in (tmp_path / "r" / "journal.jsonl").read_text(encoding="utf-8")


class Stuck(OpenChip):
    """A bench whose output stays on."""

    @property
    def safe_state(self) -> SafeState | None:
        return SafeState(("smu: output a is still on",)) if self._closed else None

    def close(self) -> None:
        super().close()
        SafeState(("smu: output a is still on",)).demand()


def test_a_safe_state_that_was_not_confirmed_is_kept_before_the_end(tmp_path: Path) -> None:
    with open_model("resistor-10k") as model:
        chip = Stuck(model, About())
        with pytest.raises(UnsafeError):
            record_run(several(volts(0, 1)), chip, tmp_path / "r", RunInfo("x"), close=True, telling=News(chip))
    run = load_run(tmp_path / "r")
    (note,) = run.notes
    assert (note["kind"], note["content"]["confirmed"]) == ("safe state", False)
    assert note["content"]["failures"] == ["smu: output a is still on"]
    assert run.exit_code == UnsafeError.exit_code
