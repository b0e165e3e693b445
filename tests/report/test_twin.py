"""What the notes of a twin come to, for people and for scripts."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from report.reading import read

from nwlab.core.events import Noted, RunFinished, RunStarted
from nwlab.core.record import RunInfo
from nwlab.lab.command_run import report as told_at_the_end
from nwlab.lab.command_run import summary
from nwlab.report.notes import said
from nwlab.report.report import write
from nwlab.report.twin import twin_of
from nwlab.runs.recording import Run, load_run
from nwlab.runs.store import Store

READY = Noted("twin ready", {"chip": "/x/mychip.toml", "filter": "sum", "corrects by": "a Gaussian sum"})
SUMMARY = Noted(
    "twin",
    {
        "residuals": 3000,
        "root mean square": 4.7,
        "share beyond 3": 0.25,
        "longest row within 3": 9,
        "alarms": {"spread": 40, "σ": 1},
        "jumps": 900,
        "windows": 3,
        "hidden": 12,
        "bent": 0,
    },
)
MANY = [Noted("jump", {"drive": 0, "step": step, "time": 1.0, "probability": 1.0}) for step in range(300)]
SUMS = [
    Noted("alarm", {"kind": "spread", "text": "fluctuates", "step": step, "for steps": 30, "times": 8})
    for step in range(5)
]
NAMED = [
    Noted("alarm", {"kind": "σ", "what": "σ", "text": "σ has changed: 5 instead of 3", "time": time})
    for time in (90.0, 500.0)
]
DROPPED = Noted("dropped", {"subscriber": "twin", "because": "it was behind when the run ended"})


def noted(folder: Path, *notes: Noted) -> Run:
    """A run of nothing but notes."""
    store = Store(folder, RunInfo("x"))
    store(RunStarted(("A", "B")))
    for note in notes:
        store(note)
    store(RunFinished("finished", 0))
    return load_run(folder)


def test_what_a_twin_told_is_counted_at_the_end_of_a_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = noted(tmp_path / "r", READY, *MANY, *SUMS, *NAMED, SUMMARY)
    told_at_the_end(run, [], as_json=False)
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert "mychip.toml: 3\u202f000 residuals with a spread of 4.7" in lines[1]
    assert lines[2].split(maxsplit=2)[2] == "900 jumps, 41 alarms (40 spread, 1 σ)"
    assert lines[3].split(maxsplit=1)[1] == "σ (first named at 1 min 30 s)"
    assert lines[4].split(maxsplit=2)[2] == "3 windows of readings, for θ, mean, σ and jump rate"
    content = json.loads(json.dumps(summary(run, 0, [])))["twin"]
    assert content == {
        "chip": "/x/mychip.toml",
        "filter": "sum",
        "residuals": 3000,
        "spread": 4.7,
        "share_beyond_3": 0.25,
        "jumps": 900,
        "alarms": {"spread": 40, "σ": 1},
        "changed": [{"what": "σ", "time": 90.0}],
        "windows": 3,
        "hidden": 12,
        "bent": 0,
        "heard": None,
        "skipped": 0,
        "lost": "",
    }


def test_a_run_without_a_twin_says_nothing_of_one(tmp_path: Path) -> None:
    run = noted(tmp_path / "r", Noted("remark", {"text": "x"}))
    assert twin_of(run) is None
    assert summary(run, 0, [])["twin"] is None


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    skipped = Noted("twin skipped", {"samples": 70, "because": "it could not keep up"})
    tangled = [Noted("twin skipped", {"drive": drive, "because": "it is tangled"}) for drive in range(40)]
    told = twin_of(noted(tmp_path / "r", READY, *MANY, *SUMS, *NAMED[:1], skipped, skipped, *tangled, DROPPED))
    assert told is not None
    assert (told.residuals, told.jumps, told.alarms) == (None, 300, {"spread": 40, "σ": 1})
    assert (told.skipped, told.lost) == (140, "it is tangled; it was behind when the run ended")
    lines = dict(told.lines())
    assert "no summary" in lines["twin"]
    assert {"it skipped", "twin lost"} <= set(lines)


@pytest.mark.parametrize(
    ("hidden", "bent", "why"),
    [
        (20, 30, "the readings do not fill a window"),
        (1800, 0, "of 1\u202f800 readings noise or offset of the meter's range hides the film"),
        (0, 1800, "the current let the film move too far in 1\u202f800 samples"),
    ],
)
def test_a_twin_that_has_not_looked_says_so_and_why(tmp_path: Path, hidden: int, bent: int, why: str) -> None:
    summary = Noted("twin", {**SUMMARY.content, "windows": 0, "hidden": hidden, "bent": bent})
    told = twin_of(noted(tmp_path / "r", READY, summary))
    assert told is not None
    assert dict(told.lines())["it re-fitted"].startswith(f"nothing, so that a change of θ would hardly show: {why}")


def test_a_twin_that_was_lost_is_not_said_to_have_seen_nothing(tmp_path: Path) -> None:
    told = twin_of(noted(tmp_path / "r", READY, DROPPED))
    assert told is not None
    assert dict(told.lines())["it saw"] == "no alarms on record until it ended"


def test_only_the_last_twin_of_a_continued_run_counts(tmp_path: Path) -> None:
    told = twin_of(noted(tmp_path / "r", READY, *MANY, *NAMED, DROPPED, READY, SUMMARY))
    assert told is not None
    assert (told.jumps, told.changed, told.lost) == (900, (), "")


def test_reports_count_jumps_and_alarms_and_read_the_rest(tmp_path: Path) -> None:
    found = read(write(noted(tmp_path / "r", READY, *MANY, *SUMS, *NAMED, SUMMARY)).path)
    told = [row for row in found.rows if row[2:3] and row[2] in ("jump", "alarm", "twin", "twin ready")]
    assert [row[2] for row in told] == ["twin ready", "alarm", "alarm", "twin"]
    assert found.row("It saw") == ["900 jumps, 41 alarms (40 spread, 1 σ)"]


@pytest.mark.parametrize(
    ("note", "words"),
    [
        (READY, "the twin of mychip.toml was ready to follow, filter sum: a Gaussian sum"),
        (SUMMARY, "3\u202f000 residuals with a spread of 4.7"),
        (SUMMARY, "900 jumps; 41 alarms (40 spread, 1 σ)"),
        (MANY[7], "the chip jumped before sample 7 of drive 0, with a probability of 100 %"),
        (Noted("twin skipped", {"samples": 70, "because": "it could not keep up"}), "left out 70 samples: it could"),
        (Noted("twin skipped", {"because": "its chip has terminals X"}), "left out all of it: its chip has"),
        (Noted("twin skipped", {"drive": 3, "because": "it is tangled"}), "left out drive 3: it is tangled"),
        (Noted("twin skipped", {"drive": 3, "step": 50, "because": "x"}), "left out drive 3 from sample 50 on: x"),
        (DROPPED, "twin: it was behind when the run ended; what it would still have told is not on record"),
        (Noted("dropped", {"subscriber": "Progress", "events": 3}), "Progress was too slow for 3 events"),
    ],
)
def test_notes_of_a_twin_are_said_in_words(note: Noted, words: str) -> None:
    told = said({"kind": note.kind, "content": note.content})
    assert words in told
    assert "{" not in told


def test_notes_of_those_kinds_that_somebody_else_wrote_do_no_harm(tmp_path: Path) -> None:
    strange = ["text", None, 3, {"alarms": [1], "jumps": "many", "residuals": True}, {"what": None, "time": "noon"}]
    notes = [Noted(kind, each) for kind in ("twin ready", "twin", "jump", "alarm", "twin skipped") for each in strange]  # type: ignore[arg-type]
    run = noted(tmp_path / "r", *notes, Noted("dropped", {"subscriber": "twin", "because": ["a list"]}))
    told = twin_of(run)
    assert told is not None
    assert json.dumps(told.content())
    assert dict(told.lines())["twin lost"]
    assert "What its twin made of it" in read(write(run).path).text


@pytest.mark.parametrize(
    ("heard", "said"),
    [
        (0, "nothing that could have raised an alarm: until it has found the chip's state, in up to 1000 samples, "),
        (850, "no alarms in 850 residuals: until it has found the chip's state, in up to 1000 samples, "),
        (4711, "no alarms"),
    ],
)
def test_silence_of_alarms_that_could_not_listen_is_told_as_such(tmp_path: Path, heard: int, said: str) -> None:
    summary = Noted("twin", {**SUMMARY.content, "residuals": 4711, "alarms": {}, "heard": heard, "listens after": 1000})
    told = twin_of(noted(tmp_path / "r", READY, summary))
    assert told is not None
    assert told.content()["heard"] == heard
    assert dict(told.lines())["it saw"].partition(", ")[2].startswith(said)
