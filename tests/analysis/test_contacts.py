"""Contacts of floating terminals: from a chip whose contacts are known, and from a measured recording."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

from nwlab.analysis.chip_writer import chip_text
from nwlab.analysis.identify import FitOptions, fit_law
from nwlab.analysis.readers import read_recording
from nwlab.analysis.recording import Recording
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import UsageError
from nwlab.core.reading import join
from nwlab.core.record import RunInfo
from nwlab.model.chip_file import ChipFile, parse_chip
from nwlab.model.model_chip import ModelChip
from nwlab.plot.fit_picture import figure
from nwlab.runs.runner import record_run

Floats = npt.NDArray[np.float64]

DATA = os.environ.get("NWLAB_TEST_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="NWLAB_TEST_DATA names no folder of measured files")

LEVELS, DWELL, DELAY = 600, 0.2, 0.02
CHIP = """
name = "known"
terminals = ["S", "prompt", "late", "slow", "blind", "G"]
[network]
rows = 5
columns = 5
diagonals = "random"
seed = 3
[model]
kind = "grid"
law = "fixed"
parameters = { conductance = "1 mS" }
[[terminal]]
name = "S"
node = 0
[[terminal]]
name = "G"
node = 24
[[terminal]]
name = "prompt"
node = 6
contact_resistance = "1 kOhm"
capacitance = "500 pF"
[[terminal]]
name = "late"
node = 12
contact_resistance = "200 MOhm"
capacitance = "500 pF"
[[terminal]]
name = "slow"
node = 17
contact_resistance = "1 GOhm"
capacitance = "500 pF"
[[terminal]]
name = "blind"
node = 23
contact_resistance = "1 TOhm"
capacitance = "500 pF"
"""


def _recording(chip: ChipFile, noise: float = 1e-3) -> Recording:
    """Random levels; every floating terminal is read shortly after a level began, with the meter's noise in V."""
    rng = np.random.default_rng(8)
    level = np.repeat(rng.uniform(0.4, 1.0, LEVELS), 2)
    dwell = np.tile([1.01 * DELAY, DWELL - 1.01 * DELAY], LEVELS)
    inner = [index for index, name in enumerate(chip.terminals) if name not in ("S", "G")]
    source, sink = chip.terminals.index("S"), chip.terminals.index("G")
    still = np.zeros(level.size)
    forces = (
        Force(source, Quantity.VOLTAGE, level, 1.0),
        Force(sink, Quantity.VOLTAGE, still, 1.0),
        *(Force(index, Quantity.CURRENT, still, 10.0) for index in inner),
    )
    delay = np.where(np.arange(level.size) % 2 == 0, DELAY, 0.9 * dwell)
    model = ModelChip(chip.film(noise=False), chip.terminals, chip.limits)
    seen = join(model.apply(Drive(dwell, forces, read_delay=delay)))
    voltage, current = np.zeros((LEVELS, len(chip.terminals))), np.full((LEVELS, len(chip.terminals)), np.nan)
    order = [source, sink, *inner]
    voltage[:, order] = seen.voltage[::2]
    voltage[:, inner] += noise * rng.standard_normal((LEVELS, len(inner)))
    current[:, order[:2]] = seen.current[::2, :2]
    onset = seen.onset[::2]
    aperture = np.zeros(LEVELS)
    return Recording(
        chip.terminals, onset, onset + DELAY, aperture, voltage, current, Path("known"), "played", "0" * 64
    )


def test_known_contacts_come_back() -> None:
    chip = parse_chip(CHIP, "known.toml")
    record = _recording(chip)
    fit = fit_law("contacts", [record])
    film = chip.film().matrix()  # type: ignore[attr-defined]
    names = list(chip.terminals)
    fixed, open_ones = (
        [names.index("S"), names.index("G")],
        [names.index("prompt"), names.index("late"), names.index("slow")],
    )
    inner = [*open_ones, names.index("blind")]
    shares = -np.linalg.solve(film[np.ix_(inner, inner)], film[np.ix_(inner, fixed[:1])])[:, 0]
    whole = film[fixed[0], fixed[0]] + film[fixed[0], inner] @ shares
    found = fit.parameters
    assert found["conductance"].value == pytest.approx(whole, rel=1e-3)
    for name, share in zip(("prompt", "late", "slow"), shares, strict=False):
        assert found[f"{name}_share"].value == pytest.approx(share, rel=0.02)
    for name, tau in (("late", 0.1), ("slow", 0.5)):
        assert found[f"{name}_time_constant"].value == pytest.approx(tau, rel=0.05)
        assert abs(found[f"{name}_time_constant"].value - tau) < 5 * found[f"{name}_time_constant"].sd
        assert found[f"{name}_read_delay"].value == pytest.approx(DELAY, rel=0.2)
    assert "prompt_time_constant" not in found
    said = "\n".join(fit.remarks)
    assert "count as 0 Ohm: prompt" in said
    assert "count as unconnected: blind" in said


def test_the_chip_file_answers_as_the_chip() -> None:
    chip = parse_chip(CHIP, "known.toml")
    record = _recording(chip, noise=0.0)
    fit = fit_law("contacts", [record], FitOptions(given={"capacitance": "1 nF"}))
    again = _recording(parse_chip(chip_text("again", fit, [record]), "again.toml"), noise=0.0)
    assert again.terminals == record.terminals
    for name in ("prompt", "late", "slow"):
        place = record.terminals.index(name)
        was, now = record.voltage[20:, place], again.voltage[20:, place]
        assert np.sqrt(np.mean((now - was) ** 2)) < 0.02 * np.ptp(was), name


def test_a_run_whose_floating_terminals_are_read_by_voltmeters(tmp_path: Path) -> None:
    chip = parse_chip(CHIP, "known.toml")
    rng = np.random.default_rng(5)
    level = rng.uniform(0.4, 1.0, 120)
    still = np.zeros(level.size)
    forces = (
        Force(0, Quantity.VOLTAGE, level, 1.0, low=5),
        *(Force(index, Quantity.CURRENT, still, 10.0) for index in range(1, 5)),
    )
    drive = Drive(np.full(level.size, DWELL), (*forces,), ground=(5,), read_delay=np.full(level.size, 0.9 * DWELL))
    model = ModelChip(chip.film(noise=False), chip.terminals, chip.limits)
    run = record_run((each for each in (drive,)), model, tmp_path / "run", RunInfo("contacts"))
    fit = fit_law("contacts", [read_recording(run.path)])
    assert 0.2 < fit.parameters["prompt_share"].value < 0.9
    assert fit.parameters["slow_time_constant"].value == pytest.approx(0.5, rel=0.2)


def test_what_was_not_read_is_passed_over() -> None:
    record = _recording(parse_chip(CHIP, "known.toml"))
    whole = fit_law("contacts", [record])
    late, source = record.terminals.index("late"), record.terminals.index("S")
    record.voltage[50::7, late] = np.nan
    record.voltage[100, source] = np.nan
    record.voltage[15:, record.terminals.index("blind")] = np.nan
    holed = fit_law("contacts", [record])
    for name in ("late_share", "late_time_constant"):
        assert holed.parameters[name].value == pytest.approx(whole.parameters[name].value, rel=0.03)
    assert "left out: blind" in "\n".join(holed.remarks)


def test_a_short_record_says_how_many_readings_are_needed() -> None:
    record = _recording(parse_chip(CHIP, "known.toml"))
    arrays = (record.onset, record.time, record.aperture, record.voltage, record.current)
    for samples in (1, 4, 12):
        short = Recording(record.terminals, *(each[:samples] for each in arrays), record.path, "played", "0" * 64)
        with pytest.raises(UsageError, match=f"at least 20 readings of the current from S to G, not {samples}"):
            fit_law("contacts", [short])


def test_the_picture_shows_the_latest_terminals(tmp_path: Path) -> None:
    fit = fit_law("contacts", [_recording(parse_chip(CHIP, "known.toml"))])
    assert fit.voltages is not None
    assert fit.voltages.names[:2] == ("slow", "late")
    assert fit.r2_text == ""
    driven, beside, above, below = figure(fit, "known").axes
    assert {"slow", "late", "prompt"} <= {line.get_label() for line in above.get_lines()}
    assert len(beside.patches) == 4
    for axes in (driven, below):
        assert 40 <= np.size(axes.get_lines()[0].get_xdata()) <= 45  # levels that differ


def test_complaints() -> None:
    record = _recording(parse_chip(CHIP, "known.toml"))
    with pytest.raises(UsageError, match="one recording at a time"):
        fit_law("contacts", [record, record])
    with pytest.raises(UsageError, match="they have capacitance"):
        fit_law("contacts", [record], FitOptions(given={"kp0": "1 1/s"}))
    still = replace(record, voltage=np.where(record.voltage == 0, 0, np.nanmax(record.voltage, axis=0)))
    with pytest.raises(UsageError, match="the drive never changes"):
        fit_law("contacts", [still])


@needs_data
def test_the_recording_of_a_memory_capacity() -> None:
    """Which electrodes are prompt, late or blind is known from impulse responses."""
    (path,) = Path(str(DATA), "rcbench").glob("011*")
    fit = fit_law("contacts", [read_recording(path)])
    said = "\n".join(fit.remarks)
    assert "count as 0 Ohm: 9, 13, 14, 16, 22" in said
    assert "count as unconnected: 11, 20" in said
    assert fit.parameters["conductance"].value == pytest.approx(1.959e-4, rel=1e-3)
    for name, tau in (("15", 0.3), ("19", 0.46), ("21", 0.46)):
        assert fit.parameters[f"{name}_time_constant"].value == pytest.approx(tau, rel=0.12)


@needs_data
def test_a_terminal_that_follows_one_sine_late_is_followed() -> None:
    """Amplitude and phase are two numbers: with a delay that others tell, they are share and time constant."""
    (path,) = Path(str(DATA), "rcbench").glob("837*")
    fit = fit_law("contacts", [read_recording(path)])
    assert fit.parameters["9_time_constant"].value == pytest.approx(0.3, rel=0.25)
    assert fit.extra["r2_of"]["9"] > 0.95
    assert "does not tell share, lateness and delay" in "\n".join(fit.remarks)


def _followed(level: Floats, dwell: float, tau: float, delay: float, share: float = 0.3, noise: float = 1e-4) -> Floats:
    """What a low-pass lets through, sample by sample, in V."""
    seen, held = np.empty_like(level), level[0]
    for k, volts in enumerate(level):
        if k:
            held = level[k - 1] + (held - level[k - 1]) * np.exp(-dwell / tau)
        seen[k] = share * (volts + (held - volts) * np.exp(-delay / tau))
    return seen + noise * np.random.default_rng(1).standard_normal(level.size)


def _alone(level: Floats, dwell: float, taus: dict[str, float], delay: float) -> Recording:
    """Floating terminals beside a conductor that is driven from S to G."""
    names = ("S", "G", *taus)
    voltage, current = np.zeros((level.size, len(names))), np.full((level.size, len(names)), np.nan)
    voltage[:, 0], current[:, 0], current[:, 1] = level, 1e-4 * level, -1e-4 * level
    for place, tau in enumerate(taus.values(), start=2):
        voltage[:, place] = _followed(level, dwell, tau, delay)
    onset = dwell * np.arange(level.size)
    return Recording(names, onset, onset, np.zeros(level.size), voltage, current, Path("own"), "own", "0" * 64)


def _without_begin(record: Recording, samples: int) -> Recording:
    """What is left once all has settled."""
    names = ("onset", "time", "aperture", "voltage", "current")
    return replace(record, **{name: getattr(record, name)[samples:] for name in names})


@pytest.mark.parametrize("tau", [0.2, 1.0, 2.5, 4.0])
def test_time_constants_of_many_levels_come_back_with_their_errors(tau: float) -> None:
    level = np.random.default_rng(0).uniform(0.4, 1.0, 2000)
    fit = fit_law("contacts", [_alone(level, 0.2, {"x": tau}, 0.015)])
    for name, truth in (("x_share", 0.3), ("x_time_constant", tau), ("x_read_delay", 0.015)):
        assert abs(fit.parameters[name].value - truth) < 4.0 * fit.parameters[name].sd, name
        assert fit.parameters[name].sd < 0.02 * truth


def test_no_error_is_told_where_nothing_is_known() -> None:
    """A terminal that is slower than the record can show, and one sine, from which no delay follows."""
    level = np.random.default_rng(0).uniform(0.4, 1.0, 1000)
    slow = fit_law("contacts", [_alone(level, 0.2, {"x": 100.0}, 0.015)])
    assert np.isinf(slow.parameters["x_time_constant"].sd)
    sine = 0.5 + 0.3 * np.sin(2.0 * np.pi * 0.5 * 0.02 * np.arange(3000))
    fit = fit_law("contacts", [_without_begin(_alone(sine, 0.02, {"x": 0.4}, 0.01), 1000)])
    assert fit.extra["rms_of"]["x"] < 1.1e-4
    assert "does not tell share, lateness and delay" in "\n".join(fit.remarks)
    assert fit.parameters["x_share"].value == pytest.approx(0.3, rel=0.1)
    assert "unconnected" not in "\n".join(fit.remarks)
