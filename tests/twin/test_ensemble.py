"""The twin of a network: members that are the film itself, calibrated residuals, and states that are found."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from twin.networks import as_measured, chip, followed, played

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.reading import Reading
from nwlab.model.chip_file import ChipFile, parse_chip
from nwlab.model.network_film import NetworkFilm
from nwlab.twin.ensemble import EnsembleTwin
from nwlab.twin.meters import Meters
from nwlab.twin.passing import Foretold

CHIP = """\
name = "wires100"
terminals = ["A", "B", "C", "D"]
seed = 5
[limits]
voltage = "5 V"
current = "10 mA"
[network]
count = 100
mean_length = "10 um"
length_sd = "1 um"
width = "30 um"
height = "30 um"
seed = 30
[pads]
layout = "circle"
centre = ["15 um", "15 um"]
distance = "12 um"
radius = "2 um"
contact_resistance = "20 Ohm"
[model]
kind = "network"
law = "rate-balance"
[model.parameters]
kp0 = "1e-4 1/s"
kd0 = "0.1 1/s"
eta_p = "30 1/V"
eta_d = "5 1/V"
g_min = "60 uS"
g_max = "5 mS"
noise = "1e-3 1/sqrt(s)"
[model.spread]
kp0 = 0.5
kd0 = 0.5
conductance = 0.3
"""
METERS = Meters(2e-8)
DWELL = 0.02


def file(**parameters: str) -> ChipFile:
    """The chip, with some lines of [model.parameters] changed."""
    text = CHIP
    for key, value in parameters.items():
        (line,) = (each for each in CHIP.splitlines() if each.startswith(f'{key} = "'))
        text = text.replace(line, f'{key} = "{value}"')
    return parse_chip(text, Path("wires100.toml"))


def film(seed: int = 77, noise: bool = True, past: float = 0.0, **parameters: str) -> NetworkFilm:
    """A chip of other chance than the twin's and finer steps, `past` s after 1.2 V began."""
    made = file(**parameters).film(seed, noise)
    assert isinstance(made, NetworkFilm)
    made.tolerance = 1e-6
    if past:
        played(chip(made), drive(np.full(1, 1.2), past))
    return made


def twin(noise: bool = True, **options: bool) -> EnsembleTwin:
    def make(seed: int) -> NetworkFilm:
        made = file().film(seed, noise)
        assert isinstance(made, NetworkFilm)
        return made

    return EnsembleTwin(make, METERS, seed=1, **options)


def drive(levels: FloatArray, dwell: float = DWELL, hold: bool = False) -> Drive:
    """A voltage at A, an ammeter at B, a voltmeter at C, D at common."""
    zero = np.zeros(levels.size)
    forces = (
        Force(0, Quantity.VOLTAGE, levels, 1e-2),
        Force(1, Quantity.VOLTAGE, zero, 1e-2),
        Force(2, Quantity.CURRENT, zero, 5.0),
    )
    return Drive(
        np.full(levels.size, dwell), forces, ground=(3,), read_delay=np.full(levels.size, dwell / 4), hold=hold
    )


def levels(samples: int, seed: int = 3) -> FloatArray:
    """Another voltage every half second."""
    return np.repeat(np.random.default_rng(seed).uniform(0.3, 1.3, -(-samples // 25)), 25)[:samples]


def measured(matter: NetworkFilm, what: Drive, seed: int = 9) -> Reading:
    return as_measured(what, played(chip(matter), what), METERS, np.random.default_rng(seed))


def off_by(what: Drive, reading: Reading, found: Foretold) -> FloatArray:
    """Reading minus expectation, (steps, forces) A or V."""
    columns = [
        reading.current[:, place] if force.quantity is Quantity.VOLTAGE else reading.voltage[:, place]
        for place, force in enumerate(what.forces)
    ]
    return np.stack(columns, axis=1) - found.mean


def test_without_chance_a_member_is_the_film() -> None:
    what = drive(levels(60))
    matter = file().film(1, noise=False)
    reading = played(chip(matter), what)
    found = followed(twin(noise=False, corrects=False), what, reading)
    assert off_by(what, reading, found) == pytest.approx(0.0, abs=1e-12)


@pytest.mark.parametrize("way", ["current with sense", "floating source", "current into the film"])
def test_any_circuit_is_played(way: str) -> None:
    push, zero = 2e-4 * levels(20), np.zeros(20)
    forces = {
        "current with sense": (Force(0, Quantity.CURRENT, push, 5.0, low=1, sense=(2, 3)),),
        "floating source": (Force(0, Quantity.VOLTAGE, 5e3 * push, 1e-2, low=2), Force(1, Quantity.CURRENT, zero, 5.0)),
        "current into the film": (Force(0, Quantity.CURRENT, push, 5.0), Force(1, Quantity.VOLTAGE, 2e3 * push, 1e-2)),
    }[way]
    what = Drive(np.full(20, DWELL), forces, ground=(3,), read_delay=np.full(20, DWELL / 4))
    reading = played(chip(file().film(1, noise=False)), what)
    found = followed(twin(noise=False, corrects=False), what, reading)
    for place, off in enumerate(off_by(what, reading, found).T):
        whole = np.abs(found.mean[:, place]).max()
        assert off == pytest.approx(0.0, abs=1e-6 * whole)


def test_time_between_drives_passes_at_rest_or_held() -> None:
    for hold, gap in ((False, 20.0), (True, 2.0)):
        what = drive(levels(25), hold=hold)
        on = chip(file().film(1, noise=False))
        follower = twin(noise=False, corrects=False)
        first = played(on, what)
        on.clock.sleep(gap)
        second = played(on, what)
        assert second.start - first.start > gap
        followed(follower, what, first)
        found = followed(follower, what, second)
        off = off_by(what, second, found)[:, 0]
        assert off == pytest.approx(0.0, abs=1e-4 * second.current[:, 0].max())
        # Had no time passed, or the level not stood, it would be seen.
        still = followed(twin(noise=False, corrects=False), what, first).mean[0, 0]
        assert abs(second.current[0, 0] - still) > 0.01 * still


def test_residuals_of_the_matched_chip_are_calibrated() -> None:
    what = drive(levels(3000))
    reading = measured(film(past=20.0), what)
    follower = twin()
    follower.lose()
    found = followed(follower, what, reading)
    late = found.z[500:]
    print("sd", late.std(axis=0), "beyond 3", (np.abs(late) > 3).mean(axis=0), "mean", late.mean(axis=0))
    off = off_by(what, reading, found)[500:]
    print("rel", off.std(axis=0), found.sd[500:].mean(axis=0))
