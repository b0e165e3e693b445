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
from nwlab.core.events import BlockArrived, DriveStarted, Event, Expected, Noted
from nwlab.core.limits import Limits
from nwlab.model.model_chip import ModelChip
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.runs.player import play
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.scalar import ScalarTwin
from nwlab.twin.tally import Tally

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
    assert kind in [alarm["kind"] for alarm in alarms]
    assert isinstance(told[-1], Noted)
    raised = told[-1].content["alarms"]
    assert max(raised, key=raised.get) == kind  # type: ignore[arg-type, attr-defined]


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


def ammeter(samples: int = 300, *, both: bool = True) -> Drive:
    """3.6 V at A, and the other terminal at 0 V of a source, which reads the current too, or at ground."""
    high = Force(0, Quantity.VOLTAGE, np.full(samples, 3.6), 1e-3)
    low = (Force(1, Quantity.VOLTAGE, np.zeros(samples), 1e-3),) if both else ()
    return Drive(np.full(samples, 0.63), (high, *low), ground=() if both else (1,), hold=True)


def listened(companion: Companion, drives: list[Drive]) -> list[Event]:
    told: list[Event] = []
    play((each for each in drives), chip(LAW), (lambda event: told.extend(companion(event)),))  # type: ignore[arg-type]
    return told


def test_a_film_between_two_sources_is_followed() -> None:
    told = [listened(companion(), [ammeter(both=both)]) for both in (True, False)]
    two, one = (next(event for event in each if isinstance(event, Expected)) for each in told)
    assert two.z is not None
    assert one.z is not None
    assert kstest(two.z[:, 0], "norm").statistic < 0.1
    assert two.z[:, 0] == pytest.approx(one.z[:, 0], abs=1e-6)
    assert np.isnan(two.z[:, 1]).all()


def test_a_drive_that_leads_around_the_film_twice_is_skipped_and_said() -> None:
    high = Force(0, Quantity.VOLTAGE, np.full(5, 3.6), 1e-3, low=1)
    back = Force(1, Quantity.CURRENT, np.full(5, 1e-6), 5.0, low=0)
    told = list(companion()(DriveStarted(3, Drive(np.full(5, 0.1), (high, back)), "")))
    assert [event.kind for event in told if isinstance(event, Noted)] == ["twin skipped"]
    assert isinstance(told[0], Noted)
    assert told[0].content["drive"] == 3


def test_drives_that_cannot_be_followed_are_told_ever_more_rarely() -> None:
    high = Force(0, Quantity.VOLTAGE, np.full(5, 3.6), 1e-3, low=1)
    bypassed = Drive(np.full(5, 0.1), (high, Force(1, Quantity.CURRENT, np.full(5, 1e-6), 5.0, low=0)))
    twin = companion()
    told = [note for index in range(1000) for note in twin(DriveStarted(index, bypassed, ""))]
    assert 2 <= len(told) < 10
    assert sum(note.content["times"] for note in told if isinstance(note, Noted)) > 500  # type: ignore[misc]


def test_nothing_is_known_after_a_drive_that_was_cut_off() -> None:
    twin = companion()
    before = twin.foresee(ammeter(1)).sd[0, 0]
    assert not list(twin(Noted("cut off", {"drive": 0, "step": 1, "more": 4})))
    assert twin.foresee(ammeter(1)).sd[0, 0] > 10 * before
