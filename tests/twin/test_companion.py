"""The twin beside a run: events in, expectations and notes out."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest
from twin.test_scalar import LAW, START

from nwlab.core.chip import Chip
from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.events import BlockArrived, Event, Expected, Noted
from nwlab.core.limits import Limits
from nwlab.model.model_chip import ModelChip
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.runs.player import play
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import Companion, Tally
from nwlab.twin.scalar import ScalarTwin

READ_NOISE = 3.6e-9  # A


def chip(law: RateBalance, seed: int = 4) -> Chip:
    return ModelChip(TwoTerminalFilm(law, START, seed), ("A", "B"), Limits(), VirtualClock())


def drives(count: int, samples: int, volt: float = 3.6) -> Iterator[Drive]:
    for _ in range(count):
        level = np.full(samples, volt)
        force = Force(0, Quantity.VOLTAGE, level, 1e-3, low=1)
        yield Drive(np.full(samples, 0.63), (force,), read_delay=np.full(samples, 0.1), hold=True)


def told_by(companion: Companion, law: RateBalance, count: int = 4, samples: int = 1000) -> list[Event]:
    told: list[Event] = []
    play(iter(drives(count, samples)), chip(law), (lambda event: told.extend(companion(event)),))  # type: ignore[arg-type]
    return [*told, companion.summary()]


def companion() -> Companion:
    return Companion(ScalarTwin(LAW, START, READ_NOISE), Alarms())


def test_the_matched_chip_is_explained() -> None:
    told = told_by(companion(), LAW)
    z = np.concatenate([event.z[:, 0] for event in told if isinstance(event, Expected) and event.z is not None])
    assert z.size == 4000
    assert kstest(z, "norm").statistic < 0.04
    assert not [event for event in told if isinstance(event, Noted) and event.kind == "alarm"]
    jumps = [event for event in told if isinstance(event, Noted) and event.kind == "jump"]
    assert 10 < len(jumps) < 4000 * 0.052
    assert isinstance(told[-1], Noted)
    assert told[-1].content["residuals"] == 4000


@pytest.mark.parametrize(
    ("law", "kind"),
    [
        (replace(LAW, noise=2 * LAW.noise), "spread"),
        (replace(LAW, kp0=0.98 * LAW.kp0), "below"),
        (replace(LAW, kd0=0.98 * LAW.kd0), "above"),
    ],
)
def test_another_chip_raises_the_alarm_that_names_it(law: RateBalance, kind: str) -> None:
    told = told_by(companion(), law)
    alarms = [event.content for event in told if isinstance(event, Noted) and event.kind == "alarm"]
    assert alarms
    kinds = [alarm["kind"] for alarm in alarms]
    assert max(set(kinds), key=kinds.count) == kind


def test_notes_say_where_and_when_their_sample_was_read() -> None:
    told: list[Event] = []
    played: list[Event] = []
    twin = companion()

    def listen(event: Event) -> None:
        played.append(event)
        told.extend(twin(event))

    law = replace(LAW, noise=2 * LAW.noise)
    play(drives(2, 1000), chip(law), (listen,))  # type: ignore[arg-type]
    notes = [event.content for event in told if isinstance(event, Noted)]
    assert {"jump", "alarm"} <= {event.kind for event in told if isinstance(event, Noted)}
    blocks = {event.index: event.reading for event in played if isinstance(event, BlockArrived)}
    for note in notes:
        reading = blocks[note["drive"]]  # type: ignore[index]
        assert note["time"] == pytest.approx(reading.start + reading.time[note["step"], 0])  # type: ignore[index]


def test_rows_of_explained_residuals_are_counted_across_blocks() -> None:
    tally = Tally()
    for z in ([0.0, 5.0, 1.0], [1.0, 1.0], [np.nan, 1.0, -4.0, 0.0]):
        tally.take(np.array(z))
    assert (tally.residuals, tally.strange, tally.longest, tally.explained) == (8, 2, 4, 1)
