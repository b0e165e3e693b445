"""The twin of a two-terminal film: residuals that are standard normal on the matched chip, and only there."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest
from scipy.stats import kstest

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.reading import Reading
from nwlab.model.jumps import Jumps
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.twin.held import Held, block_of
from nwlab.twin.port import Port
from nwlab.twin.scalar import Foretold, ScalarTwin

LAW = RateBalance(
    5.217037178270165e-4,
    37.93422536389374,
    1.2922282233,
    1.7859332088,
    1.4558148272e-7,
    6.857961268862e-5,
    3.2e-4,
    Jumps(0.08243, 2.78, 6.3709e-4, 1.0194e-2),
)
START, VOLT, DWELL, DELAY = 3.24e-5, 3.6, 0.63, 0.1
SPAN = LAW.g_max - LAW.g_min
STEP_SD = LAW.noise * np.sqrt(DWELL) * SPAN


def measured(samples: int, read_noise: float, seed: int, law: RateBalance = LAW) -> tuple[Drive, Reading]:
    """Readings of another program: the film itself, with the noise of a meter."""
    level, dwell, delay = np.full(samples, VOLT), np.full(samples, DWELL), np.full(samples, DELAY)
    current = TwoTerminalFilm(law, START, seed).play(level, dwell, delay, 1.0)
    current = current + VOLT * read_noise * np.random.default_rng(seed + 1000).standard_normal(samples)
    onset, column = DWELL * np.arange(samples), np.ones((samples, 1))
    time = (onset + 0.5 * (DELAY + DWELL))[:, None]
    no = np.zeros((samples, 1), np.bool_)
    drive = Drive(dwell, (Force(0, Quantity.VOLTAGE, level, 1e-3, low=1),), read_delay=delay)
    return drive, Reading(100.0, onset, time, column * (DWELL - DELAY), column * VOLT, current[:, None], no, no)


def followed(twin: ScalarTwin, drive: Drive, reading: Reading, pieces: int = 1) -> Foretold:
    held, found = Held(LAW), list[Foretold]()
    for part in np.array_split(np.arange(reading.steps), pieces):
        arrays = (getattr(reading, name)[part] for name in READ)
        block = block_of(drive, int(part[0]), Reading(reading.start, *arrays), Port(0), 1e-3)
        found.append(twin.follow(held.steps(block)))
    names = (each.name for each in fields(Foretold))
    return Foretold(*(np.concatenate([getattr(each, name) for each in found]) for name in names))


READ = ("onset", "time", "aperture", "voltage", "current", "in_compliance", "overflow")


@pytest.mark.parametrize("read_noise", [0.3 * STEP_SD, STEP_SD])
def test_residuals_on_the_matched_chip_are_standard_normal(read_noise: float) -> None:
    drive, reading = measured(20_000, read_noise, seed=5)
    z = followed(ScalarTwin(LAW, START, VOLT * read_noise), drive, reading).z
    assert 0.002 < np.mean(np.abs(z) > 3) < 0.005
    assert abs(np.mean(z)) < 0.03
    assert np.std(z) == pytest.approx(1.0, abs=0.02)
    assert kstest(z, "norm").statistic < 0.02
    assert abs(np.corrcoef(z[1:], z[:-1])[0, 1]) < 0.05


def test_the_filter_knows_the_state_better_than_its_meter() -> None:
    """The true state is that of the same chance without a meter's noise, at the same moments."""
    drive, reading = measured(10_000, STEP_SD, seed=6)
    truth = TwoTerminalFilm(LAW, START, 6).play(np.full(10_000, VOLT), drive.dwell, np.full(10_000, DELAY), 1.0) / VOLT
    found = followed(ScalarTwin(LAW, START, VOLT * STEP_SD), drive, reading)
    ahead = np.sqrt(np.mean((found.mean - truth) ** 2))
    blind = followed(ScalarTwin(LAW, START, VOLT * STEP_SD, corrects=False), drive, reading)
    assert ahead < 0.5 * np.sqrt(np.mean((blind.mean - truth) ** 2))
    assert np.mean(((reading.current[:, 0] / VOLT - found.mean) / found.sd) ** 2) == pytest.approx(1.0, abs=0.2)


def test_blocks_of_any_length_tell_the_same() -> None:
    drive, reading = measured(500, 0.3 * STEP_SD, seed=7)
    whole = followed(ScalarTwin(LAW, START, VOLT * 0.3 * STEP_SD), drive, reading)
    for pieces in (3, 77, 500):
        other = followed(ScalarTwin(LAW, START, VOLT * 0.3 * STEP_SD), drive, reading, pieces)
        assert other.mean == pytest.approx(whole.mean, rel=1e-12)
        assert other.z == pytest.approx(whole.z, abs=1e-6)


def test_jumps_are_found() -> None:
    quiet = replace(LAW, jumps=None)
    drive, reading = measured(2000, 0.3 * STEP_SD, seed=8, law=quiet)
    current = reading.current.copy()
    times = np.arange(100, 2000, 100)
    for when, sign in zip(times, np.tile([1, -1], 10), strict=False):
        fade = np.exp(-LAW.rate(VOLT) * DWELL * np.arange(2000 - when))
        current[when:, 0] += sign * 12 * STEP_SD * fade * VOLT
    found = followed(ScalarTwin(LAW, START, VOLT * 0.3 * STEP_SD), drive, replace(reading, current=current))
    assert np.all(found.jump[times] > 0.5)
    assert np.mean(found.jump[times]) > 0.95
    assert np.mean(np.delete(found.jump, times) > 0.5) < 0.01


def test_a_chip_that_is_another_one_is_not_explained() -> None:
    drive, reading = measured(3000, 0.3 * STEP_SD, seed=9, law=replace(LAW, noise=2 * LAW.noise))
    z = followed(ScalarTwin(LAW, START, VOLT * 0.3 * STEP_SD), drive, reading).z
    assert np.std(z) > 1.3


@pytest.mark.parametrize("beyond", [3.0, 1e3])
def test_what_no_jump_can_explain_is_survived(beyond: float) -> None:
    """A wire that falls off and comes back, or a short: the twin does not know, and follows again."""
    drive, reading = measured(300, 0.3 * STEP_SD, seed=12)
    current = reading.current.copy()
    current[100:150] = beyond * LAW.g_max * VOLT
    current[200:210] = 0.0
    twin = ScalarTwin(LAW, START, VOLT * 0.3 * STEP_SD)
    found = followed(twin, drive, replace(reading, current=current))
    assert np.isfinite([found.mean, found.sd, found.z, found.jump]).all()
    assert found.z[100] > 4
    assert found.z[200] < -4
    assert np.abs(found.z[230:]).max() < 4


def test_what_was_not_read_is_bridged() -> None:
    drive, reading = measured(400, 0.1 * STEP_SD, seed=10)
    current = reading.current.copy()
    current[100:300] = np.nan
    found = followed(ScalarTwin(LAW, START, VOLT * 0.1 * STEP_SD), drive, replace(reading, current=current))
    assert np.isnan(found.z[100:300]).all()
    assert np.isfinite(found.z[300:]).all()
    stationary = STEP_SD / np.sqrt(2 * LAW.rate(VOLT) * DWELL)
    assert found.sd[99] < found.sd[299]
    assert stationary < found.sd[299] < 4 * stationary


def test_rest_between_drives_is_played() -> None:
    """At 0 V the film forgets within 26 ms."""
    twin, held = ScalarTwin(replace(LAW, noise=0.0, jumps=None), START), Held(LAW)
    drive, reading = measured(3, 0.0, seed=1, law=replace(LAW, noise=0.0, jumps=None))
    twin.follow(held.steps(block_of(drive, 0, reading, Port(0), 1e-3)))
    later: FloatArray = twin.follow(held.steps(block_of(drive, 0, replace(reading, start=110.0), Port(0), 1e-3))).mean
    law = replace(LAW, noise=0.0, jumps=None)
    fresh = TwoTerminalFilm(law, LAW.g_min, 1).play(np.full(3, VOLT), drive.dwell, np.full(3, DELAY), 1.0) / VOLT
    assert later[0] == pytest.approx(fresh[0], rel=1e-3)
