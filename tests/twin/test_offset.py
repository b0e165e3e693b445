"""The offset of a meter's range: learned beside the film, and no excuse for a chip that has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from twin.records import LAW, READ, START

from nwlab.analysis.rate_balance.pieces import Range, Steps
from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, Event, Noted
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading, join
from nwlab.model.model_chip import ModelChip
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.film_meter import Offsets
from nwlab.twin.held import Held, block_of
from nwlab.twin.leaning import Leaning
from nwlab.twin.meters import FLOOR
from nwlab.twin.port import Port
from nwlab.twin.scalar import ScalarTwin
from nwlab.twin.watch import Watch

RANGE, OFFSET, NOISE = 1e-4, 2.5e-9, 7e-11  # A
HIGH, LOW, DWELL = 3.6, 0.01, 0.6  # V, V, s
OFTEN = 1e4


def pulses(samples: int, low: float) -> FloatArray:
    """High and low by turns, (2·samples,) V."""
    return np.tile([HIGH, low], samples)


def events(laws: list[RateBalance], levels: FloatArray, seed: int, offset: float = OFFSET) -> Iterator[Event]:
    """Play levels (n,) V at films that take one another's place, and read them by a meter with an offset in A."""
    film, rng = TwoTerminalFilm(laws[0], START, seed), np.random.default_rng([seed, 2])
    force = Force(0, Quantity.VOLTAGE, levels, 1e-4, low=1, range=RANGE)
    drive = Drive(np.full(levels.size, DWELL), (force,), read_delay=np.full(levels.size, 0.9 * DWELL))
    clock = VirtualClock()
    for number, law in enumerate(laws):
        if number:
            film = TwoTerminalFilm(law, float(film.conductances()[0]), seed + number)
        yield DriveStarted(number, drive, "")
        first = 0
        for reading in ModelChip(film, ("A", "B"), Limits(5.0, 1e-3), clock).apply(drive):
            seen = reading.current + offset + NOISE * rng.standard_normal(reading.current.shape)
            yield BlockArrived(number, first, replace(reading, current=seen))
            first += reading.steps


def beside(laws: list[RateBalance], levels: FloatArray, seed: int) -> tuple[Companion, list[Noted]]:
    film = FilmLaw(LAW)
    twin = ScalarTwin(LAW, START)
    companion = Companion(
        twin, Alarms(OFTEN), Watch(film, OFTEN, readings=400), leaning=Leaning(film, FileErrors(LAW, {}))
    )
    told = [each for event in events(laws, levels, seed) for each in companion(event)]
    return companion, [each for each in told if isinstance(each, Noted) and each.kind == "alarm"]


@pytest.mark.slow
def test_residuals_are_calibrated_though_the_offset_feigns_more_than_a_film_conducts() -> None:
    assert OFFSET / LOW > 2e-7 > 10 * LAW.noise * (LAW.g_max - LAW.g_min) * np.sqrt(DWELL)
    companion, alarms = beside([LAW], pulses(2000, LOW), 5)
    told = companion.tally.told()
    assert told["residuals"] == 4000
    assert 0.85 < told["root mean square"] < 1.05  # type: ignore[operator]
    assert told["share beyond 3"] < 0.005  # type: ignore[operator]
    assert len(alarms) <= 1


def test_the_film_is_known_in_spite_of_it() -> None:
    """After some pulses what the twin takes the film for is not the reading, but the film."""
    twin = ScalarTwin(LAW, START)
    twin.lose()
    film = list(events([LAW], pulses(200, LOW), 6))
    companion = Companion(twin)
    for event in film:
        list(companion(event))
    reading = film[-1].reading  # type: ignore[union-attr]
    last = float(reading.current[-1, 0] / reading.voltage[-1, 0])
    assert last - twin.conductance == pytest.approx(OFFSET / LOW, rel=0.2)


@pytest.mark.slow
def test_a_change_is_named_all_the_same() -> None:
    companion, alarms = beside([LAW, replace(LAW, noise=2.0 * LAW.noise)], pulses(1200, LOW), 7)
    assert companion.tally.alarms["spread"] > 5
    assert any(each.content["kind"] == "σ" for each in alarms)
    assert sum(each.content["drive"] == 0 for each in alarms) <= 1


def test_samples_at_0_v_do_not_make_the_sums_deaf() -> None:
    """Nothing is read there, and an offset over no voltage is no conductance."""
    grown = replace(LAW, g_max=1.17 * LAW.g_max)
    companion, _ = beside([LAW, grown], pulses(500, 0.0), 8)
    assert companion.tally.alarms["above"] > 5


def test_it_has_its_sign_at_either_polarity() -> None:
    """At a negative voltage a current that is read too high feigns too small a conductance."""
    companion, alarms = beside([LAW], np.tile([0.1, -0.1], 300), 9)
    told = companion.tally.told()
    assert 0.8 < told["root mean square"] < 1.1  # type: ignore[operator]
    assert told["jumps"] <= 5  # type: ignore[operator]
    assert len(alarms) <= 1


def test_what_is_believed_of_it_is_as_sure_as_it_is_true() -> None:
    """Where only low voltages are read, offset and film can hardly be told apart, and are not taken to be."""
    off: list[float] = []
    for seed in range(30):
        offset = float(FLOOR * RANGE * np.random.default_rng([seed, 5]).standard_normal())
        twin = ScalarTwin(LAW, START)
        twin.lose()
        companion = Companion(twin)
        for event in events([LAW], np.full(200, LOW), 100 + seed, offset):
            list(companion(event))
        (known,) = twin._offsets._known.values()
        off.append((known[0] - offset) / np.sqrt(known[1]))
    # 30 errors know their root mean square to 13 %.
    assert np.sqrt(np.mean(np.square(off))) < 1.4
    assert np.max(np.abs(off)) < 4.0


def test_a_range_that_was_left_is_known_when_it_is_used_again() -> None:
    """What went with the film then does so no longer, and a gap of unknown length widens all of it."""
    offsets = Offsets()
    one, other = (Range(name, RANGE, np.ones(1)) for name in ("one", "other"))
    offsets.of(one)[:] = 1e-9, 1e-20, 1e-16
    assert offsets.of(one)[2] == 1e-16
    assert offsets.of(other).tolist() == [0.0, (FLOOR * RANGE) ** 2, 0.0]
    assert offsets.of(one).tolist() == [1e-9, 1e-20, 0.0]
    offsets.loosen()
    assert offsets.of(one)[0] == 1e-9
    assert offsets.of(one)[1] > 1e-20


def test_an_offset_wanders_on_while_another_range_is_read() -> None:
    """What was known of it is as good as forgotten after a day."""
    film, low = ScalarTwin(LAW, START), np.full(100, LOW)
    steps = _steps(list(events([LAW], low, 12)))
    one, other = (replace(steps, range=Range(name, RANGE, 1.0 / low)) for name in ("one", "other"))
    film.follow(one)
    learned = film._offsets._known["one"][1]
    assert learned < 0.5 * (FLOOR * RANGE) ** 2
    day = replace(other, piece=other.piece + 864.0)
    film.follow(day)
    found = film.follow(one)
    assert found.doubt[0] == pytest.approx(FLOOR * RANGE / LOW, rel=1e-6)


def _steps(told: list[Event]) -> Steps:
    drive, blocks = told[0].drive, [each.reading for each in told[1:]]  # type: ignore[union-attr]
    return Held(LAW).steps(block_of(drive, 0, join(blocks), Port(0), 1e-4))


def test_a_forced_current_is_followed_and_nothing_of_a_voltmeter_is_taken_for_the_other() -> None:
    """Blocks of one sample or many tell the same."""
    levels = np.full(400, 2e-5)
    force = Force(0, Quantity.CURRENT, levels, 5.0, low=1, range=10.0)
    drive = Drive(np.full(levels.size, DWELL), (force,), read_delay=np.full(levels.size, 0.9 * DWELL))
    film = TwoTerminalFilm(LAW, START, 11)
    (*readings,) = ModelChip(film, ("A", "B"), Limits(5.0, 1e-3), VirtualClock()).apply(drive)
    reading = join(readings)
    assert np.isfinite(reading.voltage).all()
    spread: list[float] = []
    for size in (1, 50):
        companion = Companion(ScalarTwin(LAW, START))
        list(companion(DriveStarted(0, drive, "")))
        for first in range(0, reading.steps, size):
            list(companion(BlockArrived(0, first, part_of(reading, first, first + size))))
        spread.append(float(companion.tally.told()["root mean square"]))  # type: ignore[arg-type]
    assert spread[0] == pytest.approx(spread[1], rel=1e-6)
    assert 0.8 < spread[0] < 1.4  # the voltage moves while a reading is taken, which the twin does not know


def part_of(reading: Reading, first: int, until: int) -> Reading:
    arrays = (getattr(reading, name)[first:until] for name in READ)
    return Reading(reading.start, *arrays)
