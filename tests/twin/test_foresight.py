"""What a twin says of drives that are not played: what the model would give, and nothing is changed by asking."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from twin.test_scalar import LAW, START

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError
from nwlab.core.events import Event, Expected
from nwlab.core.expect import Expectation
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading, join
from nwlab.model.model_chip import ModelChip
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.runs.player import play
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.scalar import ScalarTwin

QUIET = replace(LAW, noise=0.0, jumps=None)
NOISY = replace(LAW, noise=3e-3, jumps=None)
GAP = 0.07  # s between two drives, as instruments take


def volts(levels: list[float], dwell: list[float], delay: float = 5e-3, *, hold: bool = True) -> Drive:
    steps = len(levels)
    force = Force(0, Quantity.VOLTAGE, np.array(levels), 1e-3, low=1)
    return Drive(np.array(dwell), (force,), read_delay=np.full(steps, delay), hold=hold)


BEFORE = [volts([3.0, 3.0], [0.05, 0.05]), volts([4.5, 3.0], [0.8, 0.05]), volts([4.0, 3.0], [0.5, 0.05])]
NEXT = volts([4.8, 3.0, 3.0, 2.0], [1.0, 0.05, 0.05, 0.3])
REST = Drive(np.array([0.05]))


def film(law: RateBalance, seed: int = 1) -> tuple[ModelChip, VirtualClock]:
    clock = VirtualClock()
    return ModelChip(TwoTerminalFilm(law, START, seed), ("A", "B"), Limits(), clock), clock


def paced(drives: list[Drive], clock: VirtualClock, gap: float = GAP) -> Iterator[Drive]:
    for index, drive in enumerate(drives):
        clock.sleep(gap if index else 0.0)
        yield drive


def followed(law: RateBalance, drives: list[Drive], gap: float = GAP) -> tuple[Companion, ModelChip]:
    companion = Companion(ScalarTwin(law, START, 1e-12), Alarms())
    chip, clock = film(law)
    play(paced(drives, clock, gap), chip, (lambda event: list(companion(event)),))  # type: ignore[arg-type]
    return companion, chip


def compared(expected: Expectation, found: Reading, rel: float) -> None:
    for name in ("voltage", "current", "time", "aperture", "onset"):
        assert getattr(expected, name) == pytest.approx(getattr(found, name), rel=rel, abs=1e-15), name
    assert expected.start == pytest.approx(found.start, abs=1e-12)
    np.testing.assert_array_equal(expected.in_compliance, found.in_compliance)


@pytest.mark.parametrize("after", [BEFORE, [*BEFORE, REST], BEFORE[:1]], ids=["held", "rested", "one drive"])
def test_a_chip_without_chance_does_what_was_expected(after: list[Drive]) -> None:
    companion, chip = followed(QUIET, after)
    chip.clock.sleep(GAP if len(after) > 1 else 0.0)
    compared(companion.foresee(NEXT), join(chip.apply(NEXT)), 1e-9)


def finer(drive: Drive, parts: int) -> Drive:
    (force,) = drive.forces
    levels = replace(force, levels=np.repeat(force.levels, parts))
    return Drive(np.repeat(drive.dwell / parts, parts), (levels,), read_delay=np.zeros(drive.steps * parts))


def test_it_is_the_mean_of_the_model_played_at_finer_steps() -> None:
    """The samples are means over dwells, whatever they are made of."""
    companion, chip = followed(QUIET, BEFORE, 0.0)
    whole = volts([4.8, 3.0, 2.0], [1.0, 0.05, 0.3], delay=0.0)
    parts = join(chip.apply(finer(whole, 500))).current.reshape(3, 500).mean(axis=1)
    assert companion.foresee(whole).current[:, 0] == pytest.approx(parts, rel=1e-9)


@pytest.mark.parametrize("law", [NOISY, LAW], ids=["noise", "noise and jumps"])
def test_its_standard_deviation_is_that_of_many_chips(law: RateBalance) -> None:
    found: list[Reading] = []
    companion, known = followed(law, BEFORE, 0.0)
    expected = companion.foresee(NEXT)
    start = float(known._film.conductances()[0])
    for seed in range(4000):
        chip = ModelChip(TwoTerminalFilm(law, start, seed), ("A", "B"), Limits(), VirtualClock())
        found.append(join(chip.apply(NEXT)))
    currents = np.stack([reading.current[:, 0] for reading in found])
    sd = currents.std(axis=0)
    # Where in the time of its last reading the film was, the twin knows to a part of that standard deviation only.
    assert expected.current[:, 0] == pytest.approx(currents.mean(axis=0), abs=0.25 * float(sd.min()))
    assert expected.sd[:, 0] == pytest.approx(sd, rel=0.15)


def test_asking_changes_nothing() -> None:
    def told(ask: Callable[[Companion], object]) -> list[Event]:
        companion, told = Companion(ScalarTwin(LAW, START, 1e-9), Alarms()), list[Event]()
        chip, clock = film(LAW)

        def take(event: Event) -> None:
            told.extend(companion(event))
            ask(companion)

        play(paced(BEFORE * 20, clock), chip, (take,))  # type: ignore[arg-type]
        return [*told, companion.summary()]

    silent = told(lambda companion: None)
    asked = told(lambda companion: [companion.foresee(each) for each in (NEXT, REST, BEFORE[1])])
    assert len(silent) == len(asked) > 60
    for mine, other in zip(asked, silent, strict=True):
        if isinstance(mine, Expected) and isinstance(other, Expected):
            for name in ("mean", "sd", "z", "jump"):
                np.testing.assert_array_equal(getattr(mine, name), getattr(other, name))
        else:
            assert mine == other


def test_the_same_question_has_the_same_answer() -> None:
    companion, _ = followed(LAW, BEFORE)
    first, second = companion.foresee(NEXT), companion.foresee(NEXT)
    np.testing.assert_array_equal(first.current, second.current)
    np.testing.assert_array_equal(first.sd, second.sd)


def test_a_forced_current_is_answered_in_volts() -> None:
    companion, chip = followed(QUIET, BEFORE, 0.0)
    force = Force(0, Quantity.CURRENT, np.array([2e-5, 4e-5]), 5.0, low=1)
    drive = Drive(np.array([0.05, 0.05]), (force,))
    found = join(chip.apply(drive))
    expected = companion.foresee(drive)
    assert expected.voltage == pytest.approx(found.voltage, rel=2e-3)
    assert expected.current == pytest.approx(found.current)
    assert np.isfinite(expected.sd).all()


def test_compliance_is_foreseen() -> None:
    companion, chip = followed(QUIET, BEFORE, 0.0)
    force = Force(0, Quantity.VOLTAGE, np.array([1.0, 5.0]), 4e-5, low=1)
    drive = Drive(np.array([0.05, 0.05]), (force,))
    found, expected = join(chip.apply(drive)), companion.foresee(drive)
    np.testing.assert_array_equal(expected.in_compliance[:, 0], [False, True])
    assert expected.voltage == pytest.approx(found.voltage, rel=1e-3)
    assert expected.current == pytest.approx(found.current, rel=1e-3)


def test_a_drive_that_does_not_touch_the_film_leaves_nothing_to_expect() -> None:
    companion, _ = followed(LAW, BEFORE)
    expected = companion.foresee(REST)
    assert expected.steps == 1
    assert expected.current.shape == expected.sd.shape == (1, 0)


def test_terminals_that_the_film_does_not_have_are_refused() -> None:
    companion, _ = followed(LAW, BEFORE)
    force = Force(5, Quantity.VOLTAGE, np.array([1.0]), 1e-3, low=1)
    with pytest.raises(DriveError, match="terminal index 5 does not exist"):
        companion.foresee(Drive(np.array([0.1]), (force,)))


def test_before_anything_was_read_it_says_how_little_it_knows() -> None:
    twin = ScalarTwin(LAW, START)
    twin.lose()
    expected = Companion(twin, Alarms()).foresee(volts([0.5], [1e-2]))
    assert expected.start == 0.0
    assert expected.sd[0, 0] > 0.3 * expected.current[0, 0]
