"""A fitted chip takes the protocol that it was fitted to."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from analysis.played import recording, stairs
from runs.ohmic import OhmicChip, force, several

from nwlab.analysis.chip_limits import needed
from nwlab.analysis.chip_writer import chip_text
from nwlab.analysis.identify import fit_law
from nwlab.analysis.readers import read_recording
from nwlab.analysis.recording import Recording
from nwlab.core.chip import check
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.limits import Limits
from nwlab.core.record import RunInfo
from nwlab.model.chip_file import ChipFile, parse_chip
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.runs.runner import record_run

HIGH = Drive(np.full(20, 0.1), (force(np.linspace(0.1, 8.0, 20), compliance=20e-3),))
LOW = Drive(np.full(20, 0.1), (force(np.linspace(0.01, 0.2, 20), compliance=1e-3),))
FILM = RateBalance(kp0=2e-3, kd0=2e-2, eta_p=1.5, eta_d=0.4, g_min=1e-4, g_max=4e-4)


def fitted(record: Recording, law: str = "mean-field") -> ChipFile:
    return parse_chip(chip_text("mine", fit_law(law, [record]), [record]), "mine.toml")


@pytest.mark.parametrize("drive", [HIGH, LOW])
def test_a_chip_takes_levels_and_compliances_of_the_run_that_it_was_fitted_to(tmp_path: Path, drive: Drive) -> None:
    run = record_run(several(drive), OhmicChip(1e5), tmp_path / "run", RunInfo("played"))
    chip = fitted(read_recording(run.path))
    check(drive, chip.limits, chip.terminals)
    assert chip.limits.voltage == pytest.approx(max(5.0, 1.5 * drive.forces[0].levels.max()))
    assert chip.limits.current == max(1e-3, drive.forces[0].compliance)


@pytest.mark.parametrize("law", ["mean-field", "rate-balance"])
def test_all_laws_give_a_chip_half_as_much_again_as_it_has_borne(law: str) -> None:
    level, dwell = stairs([3.0, 1.0, 6.0], 60.0, 60)
    record = recording(TwoTerminalFilm(FILM, 2e-4), level, dwell, noise=2e-3, seed=1)
    chip = fitted(record, law)
    assert chip.limits.voltage == 9.0
    assert chip.limits.current == pytest.approx(1.5 * np.abs(record.current).max(), rel=0.05)


def test_what_drives_need_counts_sources_that_add_up() -> None:
    one, other = force([2.0, 3.0]), force([-4.0, 0.0], terminal=2, compliance=2e-3)
    pushed = Force(0, Quantity.CURRENT, np.full(2, 5e-3), 7.0, low=1)
    assert needed([]) == Limits(0.0, 0.0)
    assert needed([Drive(np.ones(2), (one, other))]).voltage == 6.0
    assert needed([Drive(np.ones(2), (pushed,))]) == Limits(7.0, 5e-3)
