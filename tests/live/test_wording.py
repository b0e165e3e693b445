"""What the window says, and what it says first."""

from __future__ import annotations

from pathlib import Path

import pytest

from nwlab.core.events import RunFinished
from nwlab.live.run import wording
from nwlab.live.run.condition import Condition, Stage
from nwlab.live.run.disk import Disk
from nwlab.live.run.safety import Safety, Verdict
from nwlab.live.run.wording import Mood, Told
from nwlab.live.scene.scene import Progress, Scene

FOLDER = Path("runs/a b")
REAL = {"opened": {"bench": "/benches/lab 16.toml"}}
BAD = Verdict(Safety.NOT_CONFIRMED, "smu: output a is still on")
GOOD = Verdict(Safety.CONFIRMED, "outputs a, b off")


def told(condition: Condition, manifest: dict[str, object] = REAL, **progress: object) -> list[Told]:
    return wording.notices(condition, Scene(progress=Progress(**progress)), manifest, FOLDER)  # type: ignore[arg-type]


def test_a_run_that_goes_well_has_nothing_to_tell() -> None:
    assert told(Condition(Stage.RUNNING, left=3.0, silent=0.1, disk=Disk(1e9, 1e3))) == []
    assert told(Condition(Stage.OVER, status="finished", verdict=GOOD)) == []


def test_a_stopped_run_tells_the_confirmed_safe_state() -> None:
    good, why = told(
        Condition(Stage.OVER, status="interrupted", reason="stopped by a person at its window", verdict=GOOD)
    )
    assert (good.mood, good.text) == (Mood.GOOD, "Safe state confirmed: outputs a, b off.")
    assert (why.mood, why.text) == (Mood.NOTE, "Interrupted: stopped by a person at its window.")


def test_a_safe_state_that_was_not_confirmed_comes_first_with_what_to_do() -> None:
    (alarm,) = told(Condition(Stage.OVER, status="failed", reason="the safe state could NOT be confirmed", verdict=BAD))
    assert alarm.mood is Mood.ALARM
    assert alarm.text.startswith("Safe state NOT confirmed: smu: output a is still on. The chip may still be driven:")
    assert "by hand" in alarm.text
    assert alarm.command == "nwlab bench safe '/benches/lab 16.toml'"
    (alarm,) = told(Condition(Stage.OVER, status="failed", verdict=BAD), {"opened": {"bench": "tcp://far:1"}})
    assert alarm.command == ""


def test_a_run_that_was_cut_off_says_what_is_left_and_how_to_mark_it() -> None:
    condition = Condition(Stage.LOST, verdict=BAD, silent=75.0, damage="frame 3 is cut off")
    unsafe, lost, rest = told(condition, samples=1234567, drives=1, done=12.34)
    assert "NOT confirmed" in unsafe.text
    assert (
        "1\u202f234\u202f567 samples of 1 drive, up to 12.3 s on the chip; the last came 1 min 15 s ago." in lost.text
    )
    assert "What follows is damaged: frame 3 is cut off" in lost.text
    assert lost.command == "nwlab recover 'runs/a b'"
    assert rest.command == "nwlab run --resume 'runs/a b'"
    assert len(told(condition, {})) == 2  # nobody has told how the chip was opened


def test_what_somebody_else_left_on_is_no_safe_state() -> None:
    (note,) = told(Condition(Stage.OVER, status="finished", verdict=Verdict(Safety.UNTOUCHED, "left as found: a on")))
    assert note.mood is Mood.NOTE
    assert "left as found: a on" in note.text


@pytest.mark.parametrize(
    ("condition", "words"),
    [
        (Condition(Stage.STOPPING, asked=12.0), "The run has not taken the request for 12 s"),
        (
            Condition(Stage.RUNNING, disk=Disk(5e6, 1e7)),
            "The disk is nearly full: 5 MB free, the rest of the run needs",
        ),
        (Condition(Stage.RUNNING, damage="a journal line is cut off"), "The rest of the record cannot be read here"),
        (Condition(Stage.RUNNING, trouble="the request cannot be left"), "The request cannot be left."),
        (Condition(Stage.OVER, status="failed", reason="no link"), "Failed: no link."),
    ],
)
def test_what_goes_wrong_is_told(condition: Condition, words: str) -> None:
    (alarm,) = told(condition)
    assert alarm.mood is Mood.ALARM
    assert words in alarm.text


@pytest.mark.parametrize(
    "condition",
    [Condition(Stage.STOPPING, asked=1.0), Condition(Stage.OVER, status="finished", asked=99.0, disk=Disk(1.0, 2.0))],
)
def test_what_does_not_matter_is_not_told(condition: Condition) -> None:
    assert told(condition) == []


@pytest.mark.parametrize(
    ("condition", "mood", "text"),
    [
        (Condition(Stage.RUNNING), Mood.GOOD, "running"),
        (Condition(Stage.PAUSING), Mood.NOTE, "pausing…"),
        (Condition(Stage.PAUSED), Mood.NOTE, "paused"),
        (Condition(Stage.STOPPING), Mood.NOTE, "stopping…"),
        (Condition(Stage.OVER, status="failed"), Mood.ALARM, "failed"),
        (Condition(Stage.LOST), Mood.ALARM, "cut off"),
    ],
)
def test_the_headline(condition: Condition, mood: Mood, text: str) -> None:
    assert wording.headline(condition) == Told(mood, text)


def test_times_are_told_so_that_they_can_be_read() -> None:
    progress = Progress(duration=90.0, done=12.34)
    assert wording.of_time(Condition(left=7.2), progress) == "7 s left: 12.3 s of 1 min 30 s"
    assert wording.of_time(Condition(), Progress(done=4000.0)) == "1 h 06 min 40 s"
    assert wording.of_silence(Condition(Stage.RUNNING, silent=5.04)) == Told(Mood.NOTE, "5.0 s ago")
    assert wording.of_silence(Condition(Stage.PAUSED, silent=65.0)) == Told(Mood.PLAIN, "1 min 05 s ago")


def test_the_end_of_a_run_is_one_of_three() -> None:
    """Every status that a record can have has its colour."""
    for status in ("finished", "interrupted", "failed"):
        assert wording.headline(Condition(Stage.OVER, status=RunFinished(status, 0).status)).text == status
