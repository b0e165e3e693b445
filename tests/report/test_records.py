"""Whatever became of a run, its report says so and is whole: empty, failed, killed, running, hostile, large."""

from __future__ import annotations

import contextlib
import json
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from report.reading import Reading, read
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.drive import Drive
from nwlab.core.errors import InstrumentError, UnsafeError
from nwlab.core.events import Noted, RunFinished, RunStarted
from nwlab.core.reading import Reading as Samples
from nwlab.core.record import Document, RunInfo
from nwlab.report.notes import said
from nwlab.report.report import write
from nwlab.runs.recording import load_run
from nwlab.runs.runner import record_run
from nwlab.runs.store import Store


def failing(number: int, error: Exception) -> Callable[[int], None]:
    """Raise before block `number`."""

    def at_block(block: int) -> None:
        if block == number:
            raise error

    return at_block


def report(folder: Path) -> Reading:
    return read(write(load_run(folder)).path)


def played(folder: Path, *drives: Drive, chip: OhmicChip | None = None, info: RunInfo | None = None) -> Reading:
    with contextlib.suppress(Exception):
        record_run(several(*drives), chip or OhmicChip(), folder, info or RunInfo("x", chip="c"))
    return report(folder)


def noted(folder: Path, *notes: Noted) -> Reading:
    """A run of nothing but notes."""
    store = Store(folder, RunInfo("x"))
    store(RunStarted(("A", "B")))
    for note in notes:
        store(note)
    store(RunFinished("finished", 0))
    return report(folder)


@pytest.mark.parametrize("drives", [(), (Drive(np.array([1.0])),)])
def test_run_without_a_sample_to_draw(tmp_path: Path, drives: tuple[Drive, ...]) -> None:
    found = played(tmp_path / "r", *drives)
    assert "No samples are on record" in found.text
    assert not found.all("img")
    assert "numbers" not in found.sections()


@pytest.mark.parametrize("levels", [[1.0], [0.0], [0.0, 0.0], [-1.0]])
def test_hardly_anything_is_reported(tmp_path: Path, levels: list[float]) -> None:
    found = played(tmp_path / "r", volts(levels))
    assert len(found.all("img")) == 2
    assert found.row("A → B")


def test_failed_run_says_why_with_its_traceback(tmp_path: Path) -> None:
    found = played(tmp_path / "r", volts([1] * 8), chip=OhmicChip(at_block=failing(1, ZeroDivisionError("by nothing"))))
    assert "✗" in found.text
    assert "Failed" in found.text
    assert found.text.count("ZeroDivisionError: by nothing") >= 2
    assert "Traceback (most recent call last)" in found.text
    assert found.row("Exit code") == ["1: a fault of the program"]
    assert found.row("Samples") == ["4 samples in 1 drive"]


def test_instrument_fault_needs_no_traceback(tmp_path: Path) -> None:
    error = InstrumentError(-222, "Parameter data out of range", "smu")
    found = played(tmp_path / "r", volts([1] * 8), chip=OhmicChip(at_block=failing(1, error)))
    assert "smu reports error -222" in found.text
    assert found.row("Exit code") == ["5: instrument or link fault"]
    assert "Traceback" not in found.text


def test_safe_state_that_was_not_confirmed_comes_first(tmp_path: Path) -> None:
    error = UnsafeError("the safe state could NOT be confirmed: a is on")
    found = played(tmp_path / "r", volts([1] * 8), chip=OhmicChip(at_block=failing(1, error)))
    assert "The safe state was not confirmed" in found.text
    assert [each["class"] for each in found.all("p") if "standing" in each.get("class", "")] == ["standing bad"]


def test_running_run_says_that_it_goes_on(tmp_path: Path) -> None:
    seen: list[Reading] = []
    chip = OhmicChip(at_block=lambda block: seen.append(report(tmp_path / "r")) if block == 2 else None)
    played(tmp_path / "r", volts([1] * 12), chip=chip)
    assert "Still running at" in seen[0].text
    assert seen[0].row("Samples") == ["8 samples in 1 drive"]
    assert seen[0].row("Ended") == ["–"]
    assert "Finished" in report(tmp_path / "r").text


def killed(folder: Path) -> Path:
    """What lies on the disk when the program that plays a run dies after eight samples."""
    copy = folder / "killed"
    chip = OhmicChip(at_block=lambda block: shutil.copytree(folder / "r", copy) and None if block == 2 else None)
    played(folder / "r", volts([1] * 12), chip=chip)
    return copy


def test_killed_run_gives_what_was_acknowledged(tmp_path: Path) -> None:
    found = report(killed(tmp_path))
    assert "Cut off" in found.text
    assert found.row("Samples") == ["8 samples in 1 drive"]
    assert found.row("Exit code") == ["none on record"]


def test_damaged_record_says_what_was_dropped(tmp_path: Path) -> None:
    folder = killed(tmp_path)
    blocks = (folder / "blocks.bin").read_bytes()
    (folder / "blocks.bin").write_bytes(blocks[:-20])
    found = report(folder)
    assert "Damaged record: dropped" in found.text.replace("\n", "")
    assert found.row("Samples") == ["4 samples in 1 drive"]


def test_record_whose_run_json_is_lost(tmp_path: Path) -> None:
    played(tmp_path / "r", volts([1, 2]))
    (tmp_path / "r" / "run.json").write_text("{")
    assert report(tmp_path / "r").row("Samples") == ["2 samples in 1 drive"]


def test_pauses_clock_steps_and_gaps_are_told_in_words(tmp_path: Path) -> None:
    found = noted(
        tmp_path / "r",
        Noted("pausing", {"drives": 1}),
        Noted("paused", {"from": "x", "until": "y", "s": 75.0}),
        Noted("clock step", {"s": -3600.0, "from": "x", "to": "y"}),
        Noted("resumed", {"from": "r0", "drives": 1, "samples": 5, "gap": 90.0, "remark": "the chip began anew"}),
        Noted("dropped", {"subscriber": "Progress", "events": 3}),
        Noted("alarm", {"terminal": "A", "z": 6.25}),
        Noted("doubt", {"text": "terminal A is noisy", "worst": 0.05}),
    )
    told = {row[2]: row[3] for row in found.rows if len(row) == 4 and row[0].endswith(")")}
    assert told["pausing"] == "a pause was asked for after 1 drive"
    assert told["paused"] == "nothing was played for 1 min 15 s, the chip at rest"
    assert told["clock step"].startswith("the time of day was set back by 1 h 00 min 00 s")
    assert "nothing was played for 1 min 30 s; the chip began anew" in told["resumed"]
    assert told["dropped"] == "Progress was too slow for 3 events"
    assert told["alarm"] == "terminal: A; z: 6.25"
    assert told["doubt"] == "terminal A is noisy"


def test_a_traceback_is_told_in_one_line_by_its_last() -> None:
    text = (
        "Traceback (most recent call last):\n" + '  File "x.py", line 1, in x\n' * 100 + "ValueError: no such level\n"
    )
    assert said({"kind": "traceback", "content": {"text": text}}) == "ValueError: no such level"


def test_results_have_their_errors_and_units(tmp_path: Path) -> None:
    content = {"name": "relaxation", "tau": {"value": 12.3e-3, "error": 4e-4, "unit": "s"}, "r2": 0.98765432, "n": 12}
    found = noted(tmp_path / "r", Noted("results", {**content, "rate": {"value": 0.082, "unit": "1/s"}}))
    thin = "\u202f"
    assert found.row("tau") == [f"12.30 ± 0.40{thin}ms"]
    assert found.row("rate") == [f"0.082{thin}1/s"]
    assert found.row("r2") == ["0.987654"]
    assert found.row("n") == ["12"]
    assert "results" in found.sections()
    assert "notes" not in found.sections()


@pytest.mark.parametrize("content", [{}, {"s": "long"}, {"value": {"value": True}}, {"x": [1] * 100}])
@pytest.mark.parametrize("kind", ["paused", "resumed", "results", "traceback", "clock step"])
def test_note_of_a_known_kind_that_says_something_else(tmp_path: Path, kind: str, content: dict[str, object]) -> None:
    assert noted(tmp_path / "r", Noted(kind, content)).row("Samples") == ["0 samples in 0 drives"]


def test_safe_state_stands_as_it_was_read_back(tmp_path: Path) -> None:
    noted(tmp_path / "r")
    at = "2026-11-26T00:41:44.618211+02:00"
    lines = [
        {"at": at, "what": "safe", "cause": "asked", "failures": [], "found": ["smu: outputs a, b off"]},
        {"at": at, "what": "failed", "error": "a hung"},
        {"at": at, "what": "safe", "cause": "silence", "failures": ["m: A01 is closed"], "found": []},
    ]
    log = "\n".join(map(json.dumps, lines)) + '\n{"torn": '
    (tmp_path / "r" / "bench.log").write_text(log)
    found = [row for row in report(tmp_path / "r").rows if row[0] == "2026-11-26 00:41:44 (UTC+02:00)"]
    assert [row[1:] for row in found] == [
        ["safe", "asked", "smu: outputs a, b off"],
        ["failed", "a hung", "–"],
        ["safe", "silence", "NOT confirmed: m: A01 is closed"],
    ]


HOSTILE = "<script>alert(1)</script>\"'><img src=x onerror=alert(1)> $\\frac{ \x00\x1b \u202e ]]> </style> &lt; 電"


def test_names_in_a_record_cannot_do_anything(tmp_path: Path) -> None:
    texts = {HOSTILE: HOSTILE}
    info = RunInfo(
        HOSTILE,
        {"protocol": Document(HOSTILE, HOSTILE), HOSTILE: Document(HOSTILE, HOSTILE)},
        texts,
        texts,
        texts,
        1,
        HOSTILE,
        HOSTILE,
        texts,
        {"protocol": HOSTILE, "bench": HOSTILE},
    )
    chip = OhmicChip(at_block=failing(2, UnsafeError(HOSTILE)))
    chip.terminals = (HOSTILE, f"_{HOSTILE}", "\n")
    drives = [Drive(np.full(6, 0.1), (force([1.0] * 6), force([1.0] * 6, 2, low=None)))] * 2
    with pytest.raises(UnsafeError):
        record_run(several(*drives), chip, tmp_path / "r", info, label=iter([HOSTILE, f"2 {HOSTILE}"]).__next__)
    (tmp_path / "r" / "bench.log").write_text(json.dumps({"what": HOSTILE, "found": [HOSTILE, 1], "at": HOSTILE}))
    found = report(tmp_path / "r")
    assert found.text.count("<script>alert(1)</script>") > 15
    assert len(found.all("img")) == 2


def test_letters_that_cannot_be_written_are_replaced(tmp_path: Path) -> None:
    played(tmp_path / "r", volts([1]))
    manifest = tmp_path / "r" / "run.json"
    content = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**content, "chip": "half \ud800 a letter"}))
    assert report(tmp_path / "r").row("Chip") == ["half \ufffd a letter"]


class NoisyChip(OhmicChip):
    """Ohm's law with noise, so that nothing of a picture can be saved."""

    def __init__(self, terminals: int) -> None:
        super().__init__(block=50_000)
        self.terminals = tuple(f"T{index + 1}" for index in range(terminals))
        self._noise = np.random.default_rng(5)

    def apply(self, drive: Drive) -> Iterator[Samples]:
        for reading in super().apply(drive):
            noise = np.exp(self._noise.normal(size=reading.current.shape))
            yield replace(reading, current=reading.current * noise)


@pytest.mark.slow
def test_sixteen_terminals_for_hours_stay_small(tmp_path: Path) -> None:
    levels = np.full(5_000, 0.5)
    drive = Drive(np.full(5_000, 3.0), tuple(force(levels, index, low=None) for index in range(16)))
    found = played(tmp_path / "r", drive, chip=NoisyChip(16))
    assert (tmp_path / "r" / "report.html").stat().st_size < 5e6
    assert [row[0] for row in found.rows if len(row) == 6 and row[0].startswith("T")][1:] == [
        f"T{index + 1}" for index in range(16)
    ]


@pytest.mark.slow
def test_every_pair_of_sixteen_terminals(tmp_path: Path) -> None:
    """A conductance matrix: 240 curves, of which a picture cannot name all, and 240 drives of one step."""
    pairs = [(high, low) for high in range(16) for low in range(16) if high != low]
    drives = [Drive(np.full(3, 0.1), (force([0.1] * 3, high, low=low),)) for high, low in pairs]
    found = played(tmp_path / "r", *drives, chip=NoisyChip(16))
    assert "… and 40 more pairs of terminals; an export has them all." in found.text
    assert (tmp_path / "r" / "report.html").stat().st_size < 5e6


def test_overflow_is_counted(tmp_path: Path) -> None:
    class Overflowing(OhmicChip):
        def apply(self, drive: Drive) -> Iterator[Samples]:
            for reading in super().apply(drive):
                flags = np.arange(reading.steps)[:, None] == 1
                yield replace(reading, overflow=flags, current=np.where(flags, np.nan, reading.current))

    found = played(tmp_path / "r", volts([1] * 4), chip=Overflowing())
    assert next(row for row in found.rows if row[:2] == ["A → B", "voltage"])[-1] == "1 sample"
