"""Contacts of floating terminals: from a chip whose contacts are known, and from a measured recording."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from nwlab.analysis.chip_writer import chip_text
from nwlab.analysis.identify import FitOptions, fit_law
from nwlab.analysis.readers import read_recording
from nwlab.analysis.recording import Recording
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import UsageError
from nwlab.core.reading import join
from nwlab.model.chip_file import ChipFile, parse_chip
from nwlab.model.model_chip import ModelChip

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


def test_complaints() -> None:
    record = _recording(parse_chip(CHIP, "known.toml"))
    with pytest.raises(UsageError, match="one recording at a time"):
        fit_law("contacts", [record, record])
    with pytest.raises(UsageError, match="they have capacitance"):
        fit_law("contacts", [record], FitOptions(given={"kp0": "1 1/s"}))


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
