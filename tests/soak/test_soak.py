"""The soak run itself: a minute of it here, and an audit that would notice what it is there to notice."""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from soak import identification, live_frames, live_session, twin_alarms
from soak.soak import FAULTS, LONG, OHM, Length, levels, main, of_drive, spared
from twin.test_watch import CHANGED

from nwlab.core.drive import Drive
from nwlab.core.reading import Reading
from nwlab.virtual.faults import Strike, load_faults

pytestmark = [pytest.mark.slow, pytest.mark.timed]

LENGTH = Length(3000, 0.0036)


def test_a_minute_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--hours", "0.01", "--samples", "3000", "--out", str(tmp_path / "run")]) == 0
    told = capsys.readouterr().out
    report = json.loads(told[told.index("{") :])
    assert report["samples"] == 3000
    assert report["wrong"] == []
    assert set(report) >= {"faults", "links"}  # what it saw, however little


def test_a_long_run_must_have_been_through_every_kind_of_fault() -> None:
    faults, retried, never = load_faults(FAULTS), {"a": {"retries": 3}, "m": {"retries": 0}}, {"a": {"retries": 0}}
    long = Length(LONG, 3.0)
    faults.log.extend(Strike(1.0, fault.at, fault.do) for fault in faults.faults)
    assert spared(faults, long, retried) == []
    assert spared(faults, long, never) == ["no question was asked again"]
    faults.log[:] = [strike for strike in faults.log if (strike.at, strike.fault) != ("m", "split")]
    assert spared(faults, long, retried) == ["no 'split' struck m: the run proves nothing about it"]
    faults.log.clear()
    assert len(spared(faults, long, retried)) == 11
    assert spared(faults, LENGTH, never) == []


def reading() -> tuple[Drive, Reading]:
    """What a drive of the soak run would be and give on a perfect bench."""
    (drive,) = LENGTH.drives()  # type: ignore[misc]
    onset = (np.arange(drive.steps) * float(drive.dwell[0])).reshape(-1, 1)
    volts = levels(0, drive.steps).reshape(-1, 1)
    flags = np.zeros_like(volts, dtype=np.bool_)
    return drive, Reading(0.0, onset[:, 0], onset + 1e-3, np.full_like(volts, 1e-3), volts, volts / OHM, flags, flags)


def test_what_is_as_it_must_be_passes() -> None:
    drive, perfect = reading()
    assert list(of_drive(drive, perfect, levels(0, drive.steps))) == []


@pytest.mark.parametrize("places", [np.delete(np.arange(3000), 700), np.insert(np.arange(3000), 700, 700)])
def test_a_sample_that_is_lost_or_doubled_is_noticed(places: np.ndarray) -> None:
    drive, perfect = reading()
    spoilt = _taken(perfect, places)
    assert list(of_drive(drive, spoilt, levels(0, drive.steps))) == [f"{places.size} of 3000 samples"]
    # Also where another one fills the gap, or the times hide it.
    filled = _taken(perfect, np.resize(places, 3000))
    assert list(of_drive(drive, filled, levels(0, drive.steps)))
    hidden = replace(filled, onset=perfect.onset, time=perfect.time)
    assert any("voltages" in text for text in of_drive(drive, hidden, levels(0, drive.steps)))


def _taken(perfect: Reading, places: np.ndarray) -> Reading:
    names = ("onset", "time", "aperture", "voltage", "current", "in_compliance", "overflow")
    return Reading(0.0, *(getattr(perfect, name)[places] for name in names))


def told_by(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    told = capsys.readouterr().out
    return json.loads(told[told.index("{") :])


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_a_minute_of_a_live_session(capsys: pytest.CaptureFixture[str]) -> None:
    assert live_session.main(["--hours", "0.02"]) == 0
    report = told_by(capsys)
    assert report["samples"] == 72_000
    assert report["wrong"] == []


@pytest.mark.skipif(sys.platform != "linux", reason="sizes are looked up in /proc")
def test_some_frames(capsys: pytest.CaptureFixture[str]) -> None:
    assert live_frames.main(["--frames", "600", "--samples", "100000"]) == 0
    assert told_by(capsys)["frames"] == 600


def test_a_minute_of_identification(capsys: pytest.CaptureFixture[str]) -> None:
    """That it runs and measures; four short records are held against no limit."""
    identification.main(["--records", "4", "--samples", "2000"])
    told = json.loads(capsys.readouterr().out)
    assert abs(told["read noise 0.3 step sd"]["theta"]["bias"]) < 0.5
    assert identification.wrong({"theta": {"bias": 0.2, "spread": 0.1, "coverage": 0.5}}, 200) == [
        "bias of theta is 0.2",
        "95 % intervals of theta hold the truth 50 % of the time",
    ]


@pytest.mark.slow
def test_a_minute_of_a_twins_alarms(capsys: pytest.CaptureFixture[str]) -> None:
    """That it runs and measures; a chip or two are held against no limit."""
    twin_alarms.main(["--samples", "2000", "--chips", "1"])
    told = json.loads(capsys.readouterr().out)
    assert told["matched"]["samples"] == 2000
    assert set(told["changed"]) == set(CHANGED)
    assert any(figures["named"] for figures in told["changed"].values())
    alike = {"promised": 1.0, "by sums": 20, "by windows": 0}
    figures = {"θ ×2": {"named": 0.1, "wrong names": 40}}
    assert twin_alarms.wrong(alike, figures, 40) == [
        "20 false alarms by sums",
        "θ ×2: named in 10 % of the chips",
        "θ ×2: 40 wrong names",
    ]
