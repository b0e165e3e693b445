"""The main job: the published demonstration through messages, instruments, relays, journal and back."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

import nwlab
from nwlab.core.drive import FloatArray
from nwlab.lab.places import shipped
from nwlab.runs.recording import Run

# Published parameters, written down once more so that nothing of the model checks itself.
KP0, KD0, ETA_P, ETA_D = 5.217037178270165e-4, 37.93422536389374, 1.2922283233062284, 1.785933208836627
G_MIN, G_MAX, G_START = 1.4558148272052695e-7, 6.857961268862245e-5, 1.23364e-5
SIGMA, RATE, ALPHA, A_MIN, A_MAX = 3.2e-4, 0.08243, 2.78, 6.371e-4, 1.0194e-2


def law(voltage: FloatArray | float) -> tuple[FloatArray | float, FloatArray | float]:
    """Relaxation rate in 1/s and attractor of g."""
    potentiation, depression = KP0 * np.exp(ETA_P * voltage), KD0 * np.exp(-ETA_D * voltage)
    return potentiation + depression, potentiation / (potentiation + depression)


def exact(start: FloatArray, end: FloatArray, voltages: tuple[float, float]) -> FloatArray:
    """Mean conductance between `start` and `end` (s) when the first voltage goes over to the second at 60 s.

    The chip has rested at 0 V before, so that it starts from there; after 60 s that no longer matters.
    """
    rate, goal = law(voltages[0])
    g = law(0.0)[1]
    at_60 = goal + (g - goal) * np.exp(-rate * 60.0)
    first = _mean(start, end, g, voltages[0])
    second = _mean(start - 60.0, end - 60.0, at_60, voltages[1])
    return G_MIN + (G_MAX - G_MIN) * np.where(start < 60.0, first, second)


def _mean(start: FloatArray, end: FloatArray, g: float, voltage: float) -> FloatArray:
    rate, goal = law(voltage)
    return goal + (g - goal) * (np.exp(-rate * start) - np.exp(-rate * end)) / (rate * (end - start))


def stated_error(levels: FloatArray, start: FloatArray, end: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Lowest and highest conductance that a 2636B within its one-year specification may report (data sheet SPEC-2636B).

    Source and measure 20 V range, measure 1 mA range.
    """
    source = 2e-4 * levels.max() + 5e-3
    low = exact(start, end, (3.140 - source, 3.6 - source))
    high = exact(start, end, (3.140 + source, 3.6 + source))
    current = 2e-4 + 200e-9 / (low * levels)
    voltage = 1.5e-4 + 5e-3 / levels
    return low * (1 - current - voltage), high * (1 + current + voltage)


@pytest.fixture
def quiet(tmp_path: Path) -> Path:
    """The published chip without noise and jumps."""
    text = (shipped() / "instruments/chips/stochastic-2025.toml").read_text("utf-8")
    quiet = re.sub(r"(?ms)^\[model\.jumps\].*?(?=^\[start\])", "", text).replace("3.2e-4 1/sqrt(s)", "0 1/sqrt(s)")
    assert quiet.count("\n[") == text.count("\n[") - 1
    path = tmp_path / "quiet.toml"
    path.write_text(quiet)
    return path


def play_on_bench(chip: Path | None, folder: Path, **parameters: object) -> Run:
    with nwlab.open_bench("virtual", chip=chip) as bench:
        return nwlab.run(nwlab.load_protocol("stochastic", **parameters), bench, out=folder)


def test_the_demonstration_follows_the_exact_solution(quiet: Path, tmp_path: Path) -> None:
    run = play_on_bench(quiet, tmp_path)
    rows = run.rows()
    assert (run.status, len(run.drives), len(rows)) == ("finished", 1, 737)
    start, end = rows.time - rows.aperture / 2, rows.time + rows.aperture / 2
    low, high = stated_error(rows.level, start, end)
    prepared = start > 20.0
    assert np.all(((low < rows.conductance) & (rows.conductance < high))[prepared])
    assert np.max((high / low)[prepared]) < 1.06
    assert rows.conductance[99] * 1e6 == pytest.approx(12.34, abs=0.1)
    assert rows.conductance[-1] * 1e6 == pytest.approx(32.43, abs=0.3)
    assert not rows.in_compliance.any()


def test_the_same_file_gives_the_same_on_model_and_virtual_bench(quiet: Path, tmp_path: Path) -> None:
    measured = play_on_bench(quiet, tmp_path).rows()
    with nwlab.open_model(quiet) as model:
        modelled = nwlab.run(nwlab.load_protocol("stochastic"), model, out=tmp_path).rows()
    assert np.array_equal(measured.level, modelled.level)
    # Both are brought to the same instants by the slope between their own neighbours.
    # The bench's chip forgot at 0 V before its first drive, so both are compared when they have been prepared alike.
    for part in (slice(60, 98), slice(102, 735)):
        there = np.interp(measured.time[part], modelled.time, modelled.conductance)
        assert measured.conductance[part] == pytest.approx(there, rel=4e-3)


def test_each_sample_comes_when_the_protocol_says(quiet: Path, tmp_path: Path) -> None:
    rows = play_on_bench(quiet, tmp_path, count=50).rows()
    grid = np.concatenate([np.arange(100) * 0.6, 60.0 + np.arange(50) * 0.6295])
    assert rows.start == pytest.approx(grid, abs=1e-4)


@pytest.mark.slow
def test_the_stationary_spread_agrees_with_theory(tmp_path: Path) -> None:
    rows = play_on_bench(None, tmp_path, count=20_000).rows()
    settled = rows.conductance[rows.start > 160.0]
    rate, _ = law(3.6)
    beta = 1 - ALPHA
    mean_a, mean_a2 = (
        (beta / (beta + power)) * (A_MAX ** (beta + power) - A_MIN ** (beta + power)) / (A_MAX**beta - A_MIN**beta)
        for power in (1, 2)
    )
    theta = rate + RATE * mean_a / (1 + 2 * A_MAX)
    variance = (SIGMA**2 + RATE * mean_a2) / (2 * theta)
    # A reading is a mean over its aperture, which takes a little of the spread away.
    x = theta * float(rows.aperture[-1])
    averaged = variance * 2 * (x - 1 + np.exp(-x)) / x**2
    wanted = (G_MAX - G_MIN) * np.sqrt(averaged)
    spread = np.sqrt(2 / (theta * 0.6295 * settled.size)) / 2 * 1.5  # jumps have heavier tails than noise
    assert np.std(settled) == pytest.approx(wanted, rel=4 * spread)
    assert 4 * spread < 0.15
