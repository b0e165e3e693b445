"""The offset of a meter's range: learned beside the film, and no excuse for a chip that has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from twin.records import LAW, START

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, Event, Noted
from nwlab.core.limits import Limits
from nwlab.model.model_chip import ModelChip
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.leaning import Leaning
from nwlab.twin.scalar import ScalarTwin
from nwlab.twin.watch import Watch

RANGE, OFFSET, NOISE = 1e-4, 2.5e-9, 7e-11  # A
HIGH, LOW, DWELL = 3.6, 0.01, 0.6  # V, V, s
OFTEN = 1e4


def events(laws: list[RateBalance], samples: int, seed: int, *, waits: bool = False) -> Iterator[Event]:
    """Pulse films that take one another's place, `samples` pulses each, read high and low by a meter with an offset.

    With `waits` nothing is applied between the pulses, instead of a low level.
    """
    film, rng = TwoTerminalFilm(laws[0], START, seed), np.random.default_rng([seed, 2])
    levels = np.tile([HIGH, 0.0 if waits else LOW], samples)
    force = Force(0, Quantity.VOLTAGE, levels, 1e-4, low=1, range=RANGE)
    drive = Drive(np.full(levels.size, DWELL), (force,), read_delay=np.full(levels.size, 0.9 * DWELL))
    clock = VirtualClock()
    for number, law in enumerate(laws):
        if number:
            film = TwoTerminalFilm(law, float(film.conductances()[0]), seed + number)
        yield DriveStarted(number, drive, "")
        first = 0
        for reading in ModelChip(film, ("A", "B"), Limits(5.0, 1e-3), clock).apply(drive):
            seen = reading.current + OFFSET + NOISE * rng.standard_normal(reading.current.shape)
            yield BlockArrived(number, first, replace(reading, current=seen))
            first += reading.steps


def beside(laws: list[RateBalance], samples: int, seed: int, *, waits: bool = False) -> tuple[Companion, list[Noted]]:
    film = FilmLaw(LAW)
    twin = ScalarTwin(LAW, START)
    companion = Companion(
        twin, Alarms(OFTEN), Watch(film, OFTEN, readings=400), leaning=Leaning(film, FileErrors(LAW, {}))
    )
    told = [each for event in events(laws, samples, seed, waits=waits) for each in companion(event)]
    return companion, [each for each in told if isinstance(each, Noted) and each.kind == "alarm"]


def test_residuals_are_calibrated_though_the_offset_feigns_more_than_a_film_conducts() -> None:
    assert OFFSET / LOW > 2e-7 > 10 * LAW.noise * (LAW.g_max - LAW.g_min) * np.sqrt(DWELL)
    companion, alarms = beside([LAW], 2000, 5)
    told = companion.tally.told()
    assert told["residuals"] == 4000
    assert 0.85 < told["root mean square"] < 1.05  # type: ignore[operator]
    assert told["share beyond 3"] < 0.005  # type: ignore[operator]
    assert len(alarms) <= 1


def test_the_film_is_known_in_spite_of_it() -> None:
    """After some pulses what the twin takes the film for is not the reading, but the film."""
    twin = ScalarTwin(LAW, START)
    twin.lose()
    film = list(events([LAW], 200, 6))
    companion = Companion(twin)
    for event in film:
        list(companion(event))
    reading = film[-1].reading  # type: ignore[union-attr]
    last = float(reading.current[-1, 0] / reading.voltage[-1, 0])
    assert last - twin.conductance == pytest.approx(OFFSET / LOW, rel=0.2)


def test_a_change_is_named_all_the_same() -> None:
    companion, alarms = beside([LAW, replace(LAW, noise=2.0 * LAW.noise)], 1200, 7)
    assert companion.tally.alarms["spread"] > 5
    assert any(each.content["kind"] == "σ" for each in alarms)
    assert sum(each.content["drive"] == 0 for each in alarms) <= 1


def test_samples_at_0_v_do_not_make_the_sums_deaf() -> None:
    """Nothing is read there, and an offset over no voltage is no conductance."""
    grown = replace(LAW, g_max=1.17 * LAW.g_max)
    companion, _ = beside([LAW, grown], 500, 8, waits=True)
    assert companion.tally.alarms["above"] > 5
