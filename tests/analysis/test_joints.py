"""Runs that were continued: the chip was at rest meanwhile, and may have borne more than is on record."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from analysis.played import recording as seen
from analysis.played import stairs
from runs.ohmic import OhmicChip, several, volts

from nwlab.analysis.identify import fit_law
from nwlab.analysis.readers import read_recording
from nwlab.analysis.recording import Recording
from nwlab.core.clock import utc_now
from nwlab.core.drive import Drive
from nwlab.core.errors import WireError
from nwlab.core.reading import Reading
from nwlab.core.record import RunInfo
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.runs.continuation import Continuation
from nwlab.runs.recording import Run, load_run
from nwlab.runs.runner import record_run

INFO = RunInfo("held")
GAP = 40.0  # s


def holds() -> Generator[Drive, Reading, None]:
    """Two drives of 0.4 s that leave their last level on, in two blocks each, and one that does not."""
    levels = ([0.1, 0.2, 0.3, 0.4], [0.5, 0.6, 0.7, 0.8], [0.9])
    return several(*(replace(volts(each), hold=len(each) > 1) for each in levels))


def one() -> Generator[Drive, Reading, None]:
    """The first of them, after which the protocol fails."""
    yield next(holds())
    raise WireError("lost")


def broken(folder: Path, at: int) -> Run:
    """The run, whose link was lost before block `at`."""

    def lose(block: int) -> None:
        if block == at:
            raise WireError("lost")

    with pytest.raises(WireError):
        record_run(holds(), OhmicChip(block=2, at_block=lose), folder, INFO)
    return load_run(folder)


def continued(folder: Path, old: Run, remark: str = "") -> Recording:
    """Read the run as it went on after a gap."""
    after = Continuation(old, remark)
    drives, on = after.feed(holds()), after.on
    after.on = lambda chip, wall=utc_now: on(chip, lambda: old.last_written + timedelta(seconds=GAP))
    return read_recording(record_run(drives, OhmicChip(block=2), folder, INFO, after=after).path)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_the_chip_rested_where_the_record_broke_off(tmp_path: Path, at: int) -> None:
    recording = continued(tmp_path / "new", broken(tmp_path / "old", at))
    trace, last = recording.trace(), 2 * at
    assert trace.voltage[last] == 0.0
    assert np.isnan(trace.current[last])
    np.testing.assert_allclose(np.delete(trace.voltage, last), [*np.arange(1, 10) / 10, 0.0])
    assert trace.onset[last] == pytest.approx(0.2 * at)
    assert trace.onset[last + 1] - trace.onset[last] == pytest.approx(GAP, abs=1e-6)
    assert (np.diff(trace.time) > 0).all()


def test_of_a_drive_that_was_cut_nothing_is_known_afterwards(tmp_path: Path) -> None:
    recording = continued(tmp_path / "new", broken(tmp_path / "old", 3))
    assert recording.begins == (7,)
    assert [part.time.size for part in recording.trace().stretches()] == [7, 4]
    (note,) = recording.notes
    assert "after a gap of 40 s, before step 2 of drive 1, nothing is known of the chip" in note
    assert "the chip may have borne up to 2 more steps than are on record" in note


@pytest.mark.parametrize("remark", ["", "the simulated chip began anew"])
def test_between_drives_all_is_known_unless_the_chip_is_another(tmp_path: Path, remark: str) -> None:
    with pytest.raises(WireError):
        record_run(one(), OhmicChip(block=2), tmp_path / "old", INFO)
    recording = continued(tmp_path / "new", load_run(tmp_path / "old"), remark)
    assert recording.trace().voltage[3:6].tolist() == [0.4, 0.0, 0.5]
    assert len(recording.trace().stretches()) == 1 + bool(remark)
    assert [note.partition("anew: ")[2] for note in recording.notes] == [remark] * bool(remark)


def test_a_run_that_was_never_continued_has_no_gap(tmp_path: Path) -> None:
    trace = read_recording(record_run(holds(), OhmicChip(block=2), tmp_path / "run", INFO).path).trace()
    np.testing.assert_allclose(trace.voltage, [*np.arange(1, 10) / 10, 0.0])


def test_a_fit_takes_up_each_stretch_by_itself() -> None:
    """Two chips of one law after one another, the second from another conductance: one recording that breaks off."""
    law = RateBalance(kp0=2e-3, kd0=2e-2, eta_p=1.5, eta_d=0.4, g_min=1e-3, g_max=4e-3)
    level, dwell = stairs([1.0, 0.1, 2.0, 0.5], 60.0, 60)
    one, two = (seen(TwoTerminalFilm(law, start), level, dwell, 1e-4, seed=7) for start in (1.5e-3, 3.5e-3))
    columns = {
        name: np.concatenate([getattr(one, name), getattr(two, name)]) for name in ("aperture", "voltage", "current")
    }
    late = {name: np.concatenate([getattr(one, name), getattr(two, name) + dwell.sum()]) for name in ("onset", "time")}
    fit = fit_law("mean-field", [replace(one, begins=(level.size,), **columns, **late)])
    found = {name: estimate.value for name, estimate in fit.parameters.items()}
    assert found["start_conductance"] == pytest.approx(1.5e-3, rel=0.01)
    assert found["start_conductance_2"] == pytest.approx(3.5e-3, rel=0.01)
    assert found["kp0"] == pytest.approx(law.kp0, rel=0.05)
