"""The twin of a network: members that are the film itself, calibrated residuals, and states that are found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from twin.networks import as_measured, chip, followed, played

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, Expected, Noted
from nwlab.core.reading import Reading
from nwlab.lab.places import find
from nwlab.model.chip_file import ChipFile, load_chip, parse_chip
from nwlab.model.network_film import NetworkFilm
from nwlab.model.solver.kirchhoff import TOLERANCE as LOST
from nwlab.twin.ensemble import EnsembleTwin
from nwlab.twin.ensemble_update import kept_part
from nwlab.twin.meters import Meters
from nwlab.twin.network_companion import NetworkCompanion
from nwlab.twin.order import TwinOrder
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


def film(seed: int = 77, past: float = 0.0, **parameters: str) -> NetworkFilm:
    """A chip of other chance than the twin's and finer steps, `past` s after 1.2 V began."""
    made = file(**parameters).film(seed)
    assert isinstance(made, NetworkFilm)
    made.tolerance = 1e-6
    if past:
        played(chip(made), drive(np.full(1, 1.2), past))
    return made


def twin(noise: bool = True, seed: int = 1, **options: bool) -> EnsembleTwin:
    def make(seed: int) -> NetworkFilm:
        made = file().film(seed, noise)
        assert isinstance(made, NetworkFilm)
        return made

    return EnsembleTwin(make, METERS, seed=seed, **options)


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
    whole = np.abs(found.mean).max(axis=0)
    assert off_by(what, reading, found) / whole == pytest.approx(0.0, abs=LOST)


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
    """Relaxation in the gap, or under the level that was left standing."""
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


@pytest.fixture(scope="module")
def matched() -> tuple[Drive, Reading, Foretold]:
    """A chip of the same file, other chance, finer steps, meter noise, and a past that the twin does not know."""
    what = drive(levels(1500))
    reading = measured(film(past=20.0), what)
    follower = twin()
    follower.lose()
    return what, reading, followed(follower, what, reading)


def test_residuals_of_the_matched_chip_are_calibrated(matched: tuple[Drive, Reading, Foretold]) -> None:
    """Once the state is found: mean, spread and tails of what is left, and how small that is.

    Which pasts members get is chance, so that two ensembles tell more than one.
    """
    what, reading, found = matched
    late, other = slice(500, None), twin(seed=2)
    other.lose()
    z = np.concatenate([found.z[late], followed(other, what, reading).z[late]])
    assert np.all(np.abs(z.mean(axis=0)) < 0.3)
    assert np.all((z.std(axis=0) > 0.85) & (z.std(axis=0) < 1.25))
    assert np.all((np.abs(z) > 3).mean(axis=0) < 0.015)
    off = off_by(what, reading, found)[late]
    assert off[:, :2].std(axis=0).max() < 4e-4 * np.abs(reading.current).max()


def test_an_unknown_state_is_found(matched: tuple[Drive, Reading, Foretold]) -> None:
    """Against the same members that learn nothing, from the state of the file."""
    what, reading, found = matched
    blind = followed(twin(corrects=False), what, reading)
    ratio = [np.sqrt(np.mean(np.square(off_by(what, reading, each)[50:]), axis=0)) for each in (blind, found)]
    assert np.all(ratio[0][:2] > 50 * ratio[1][:2])


def told_by(follower: EnsembleTwin, what: Drive, reading: Reading) -> list[Noted]:
    follower.lose()
    companion = NetworkCompanion(follower, ("A", "B", "C", "D"), 1e4)
    events = (DriveStarted(0, what, ""), BlockArrived(0, 0, reading))
    told = [each for event in events for each in companion(event)]
    return [each for each in told if isinstance(each, Noted) and each.kind == "alarm"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("key", "value", "kinds"), [("noise", "2e-3 1/sqrt(s)", {"spread"}), ("g_max", "5.5 mS", {"above", "spread"})]
)
def test_a_chip_that_is_another_one_raises_the_alarm(key: str, value: str, kinds: set[str]) -> None:
    what = drive(levels(1300))
    alarms = told_by(twin(), what, measured(film(77, 20.0, **{key: value}), what))
    assert sum(int(str(alarm.content["times"])) for alarm in alarms) > 10
    assert {str(alarm.content["kind"]) for alarm in alarms} >= kinds
    assert all(int(str(alarm.content["step"])) >= 1000 for alarm in alarms)


def test_blocks_of_any_length_tell_the_same() -> None:
    what = drive(levels(40))
    reading = measured(film(past=20.0), what)
    whole, parts = (followed(twin(), what, reading, pieces) for pieces in (1, 13))
    assert parts.mean == pytest.approx(whole.mean, rel=1e-9, abs=1e-15)
    assert parts.z == pytest.approx(whole.z, rel=1e-6, abs=1e-6)


def test_limits_and_overflows_are_not_explained() -> None:
    what = drive(levels(12))
    reading = measured(film(), what)
    limited, overflow = np.zeros((2, 12, 3), dtype=np.bool_)
    limited[3, 0], overflow[5, 1] = True, True
    current = reading.current.copy()
    current[5, 1] = np.nan
    reading = replace(reading, current=current, in_compliance=limited, overflow=overflow)
    found = followed(twin(), what, reading)
    assert np.argwhere(np.isnan(found.mean)).tolist() == [[3, 0]]
    assert np.argwhere(np.isnan(found.z)).tolist() == [[3, 0], [5, 1]]


def test_correlations_by_chance_do_not_count() -> None:
    rng = np.random.default_rng(2)
    alone, common = rng.standard_normal((20, 300)), rng.standard_normal((20, 1))
    parts = []
    for values in (alone, common + 0.1 * alone):
        z, v = ((each - each.mean(axis=0)) / each.std(axis=0) for each in (values, common))
        parts.append(kept_part(z * v, np.zeros(300), 1.0))
    assert parts[0] < 0.3
    assert parts[1] > 0.85


def test_a_chip_without_chance_that_starts_as_its_file_says_is_followed_exactly() -> None:
    """A threshold network, swept through its switching: members that agree are right, and nothing moves them."""
    volts = 0.2 * np.abs(np.sin(np.linspace(0.0, 6.0, 120)))
    what = Drive(np.full(volts.size, DWELL), (Force(0, Quantity.VOLTAGE, volts, 1e-3, low=1),))
    file = load_chip(find("chip", "tunnel100"))
    reading, companion = played(chip(file.film(1)), what), TwinOrder(str(file.path)).companion()
    told = [each for event in (DriveStarted(0, what, ""), BlockArrived(0, 0, reading)) for each in companion(event)]
    (expected,) = (each for each in told if isinstance(each, Expected))
    assert expected.z is not None
    assert np.abs(expected.z).max() < 0.1


def test_a_chip_with_a_past_is_found_though_nobody_says_that_it_has_one() -> None:
    """Fresh members are far off, and have nothing to learn by; those with pasts of their own find the chip."""
    what = drive(levels(900))
    found = followed(twin(), what, measured(film(past=20.0), what))
    assert np.abs(found.z[:5, 0]).max() > 4.0
    z = found.z[600:]
    assert np.all((z.std(axis=0) > 0.7) & (z.std(axis=0) < 1.3))
