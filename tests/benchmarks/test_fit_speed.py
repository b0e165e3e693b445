"""How long fits take and how well they fit: `NWLAB_TEST_DATA=… pytest tests/benchmarks/test_fit_speed.py -s`.

The case is the measured pulse of 3 V and its relaxation, 3000 samples; without it, a film of the same size that the
model plays. Wall time depends on who else uses the machine: processor time is printed beside it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from analysis.played import recording, stairs

from nwlab.analysis.identify import FitOptions, fit_law
from nwlab.analysis.readers import read_recording
from nwlab.analysis.recording import Recording
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm

DATA = os.environ.get("NWLAB_TEST_DATA")
FILM = RateBalance(kp0=2e-3, kd0=2e-2, eta_p=1.2, eta_d=0.4, g_min=1.5e-3, g_max=3e-3)


def _case() -> Recording:
    if DATA:
        return read_recording(Path(DATA) / "grid_graph_pulse_3V.txt")
    level, dwell = stairs([3.0, 0.1], 150.0, 1500)
    return recording(TwoTerminalFilm(FILM, 1.8e-3), level, dwell, noise=2e-3, seed=1)


@pytest.mark.parametrize(
    ("law", "map_name", "seconds"),
    [
        ("mean-field", "exact", 2.0),
        ("mean-field", "legacy", 2.0),
        ("stretched", "exact", 60.0),
        ("grid", "exact", 60.0),
        ("stretched-grid", "exact", 60.0),
        ("grid", "legacy", 60.0),
    ],
)
def test_fits(law: str, map_name: str, seconds: float) -> None:
    record = _case()
    short = Recording(
        record.terminals,
        *(part[::150] for part in (record.onset, record.time, record.aperture, record.voltage, record.current)),
        record.path,
        record.kind,
        record.fingerprint,
    )
    fit_law(law, [short], FitOptions(map=map_name))  # compiles
    wall, processor = time.perf_counter(), time.process_time()
    fit = fit_law(law, [record], FitOptions(map=map_name))
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    print(
        f"\n{law} ({map_name}), {fit.time.size} samples: {wall:.1f} s, {processor:.1f} s of processor "
        f"(under {seconds:.0f} s wanted); rmse {100 * fit.extra['of_range']:.2f} % of the range, "
        f"BIC {fit.extra['bic']:.0f}"
    )
    assert wall < seconds
    if (law, map_name) == ("grid", "exact"):
        assert fit.extra["of_range"] <= 0.04
