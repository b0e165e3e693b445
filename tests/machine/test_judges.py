"""Judges that cannot fail are none: benches with one thing wrong each, and what is said about them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from machine.experimenter import Experimenter

from nwlab.bench.bench import Bench
from nwlab.bench.routing import Route
from nwlab.bench.safe import SafeOrder
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import InstrumentError, InterlockError
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading
from nwlab.core.safe_state import SafeState

N, E, S, W = range(4)
Change = Callable[[Reading], Reading]


def force(terminal: int, low: int | None, level: float, compliance: float = 4e-4) -> Force:
    return Force(terminal, Quantity.VOLTAGE, np.linspace(level / 2, level, 8), compliance, low=low)


def drive(*forces: Force, ground: tuple[int, ...] = (), hold: bool = False, dwell: float = 0.02) -> Drive:
    return Drive(np.full(8, dwell), forces, ground, hold=hold)


HELD, ELSEWHERE = drive(force(N, S, 1.0), hold=True), drive(force(E, W, 1.0))


class Lavish(Bench):
    """Knows no limits."""

    limits = Limits(100.0, 1.0)

    def __setattr__(self, name: str, value: object) -> None:
        if name != "limits":
            super().__setattr__(name, value)


class Hasty(Bench):
    """Lets go of a route whatever stands at it."""

    def apply(self, drive: Drive) -> Iterator[Reading]:
        self._holding = False
        return super().apply(drive)

    def _establish(self, route: Route) -> None:
        for matrix in self._equipment.matrices.values():
            matrix.open_all()
        super()._establish(route)


class Slamming(Hasty):
    """Closes the next route whatever stands at it."""

    def _establish(self, route: Route) -> None:
        for matrix in self._equipment.matrices.values():
            matrix.close_crosspoints(sorted(route.of("m")))
        self._route = route


class Sleepless(SafeOrder):
    """Never brings levels to zero on its own."""

    def rest(self, name: str) -> None: ...


class Restless(Bench):
    """Leaves the levels where they are when a drive ends early."""

    def __init__(self, *given: Any) -> None:
        super().__init__(*given)
        self._order = Sleepless(self._order.smus, self._order.matrices, self._order.clock)


class Boastful(Bench):
    """Says that all is safe without having looked."""

    def make_safe(self, *, everything: bool = False) -> SafeState:
        return SafeState(found=("smu: outputs a, b off", "m: all relays open"))


class Nervous(Bench):
    """Complains of what never was."""

    error: InstrumentError = InstrumentError(802, "blocked", "smu")

    def apply(self, drive: Drive) -> Iterator[Reading]:
        list(super().apply(drive))
        raise self.error


class Groundless(Nervous):
    """Tells an open interlock whatever was wrong."""

    error = InterlockError(802, "blocked", "smu")


class Curious(Bench):
    """Asks the instruments before it refuses."""

    def apply(self, drive: Drive) -> Iterator[Reading]:
        self.outputs()
        return super().apply(drive)


def changed(change: Change) -> type[Bench]:
    """A bench whose blocks are not what was measured."""

    class Lying(Bench):
        def apply(self, drive: Drive) -> Iterator[Reading]:
            blocks = super().apply(drive)
            return (change(block) for block in blocks)

    return Lying


def rows(reading: Reading, places: np.ndarray) -> Reading:
    """A block of these rows of another, at the times that these places would have."""
    names = ("time", "aperture", "voltage", "current", "in_compliance", "overflow")
    return replace(reading, **{name: getattr(reading, name)[places] for name in names})


def rolled(reading: Reading) -> Reading:
    return rows(reading, np.roll(np.arange(reading.steps), 1))


def shortened(reading: Reading) -> Reading:
    return replace(rows(reading, np.arange(reading.steps)[:-1]), onset=reading.onset[:-1])


def doubled(reading: Reading) -> Reading:
    return rows(reading, np.maximum(np.arange(reading.steps) - 1, 0))


def late(reading: Reading) -> Reading:
    return replace(reading, onset=reading.onset + 1e-3)


def mean(reading: Reading) -> Reading:
    return replace(reading, current=reading.current * 1.05)


def beyond(reading: Reading) -> Reading:
    return replace(reading, current=reading.current + 5e-4)


def play(*drives: Drive) -> Callable[[Experimenter], None]:
    def act(person: Experimenter) -> None:
        for each in drives:
            person.play(each)

    return act


def stop(person: Experimenter) -> None:
    person.play(drive(force(N, S, 1.0)), "stop", 0)


def play_and_close(person: Experimenter) -> None:
    person.play(HELD)
    person.close()


def hot(person: Experimenter) -> None:
    person.lab.plant('[[fault]]\nat = "a"\ndo = "hot"\nduration = "5 s"\n')
    person.play(drive(force(N, S, 1.0)))


def slow(at: str) -> Callable[[Experimenter], None]:
    """With a fault that explains something else."""

    def act(person: Experimenter) -> None:
        person.lab.plant(f'[[fault]]\nat = "{at}"\ndo = "late"\ndelay = "2 s"\n')
        person.play(drive(force(N, S, 1.0)))

    return act


def long_ago(person: Experimenter) -> None:
    person.lab.plant('[[fault]]\nat = "a"\ndo = "silent"\nduration = "1 s"\n')
    person.wait(100)
    assert person.lab.strikes
    person.play(drive(force(N, S, 1.0)))


VIOLATIONS: dict[str, tuple[type[Bench], Callable[[Experimenter], None], str]] = {
    "too high": (Lavish, play(drive(force(N, S, 6.0))), r"\d+\.\d+ V between terminals"),
    "too much out of a channel": (
        Lavish,
        play(drive(force(S, None, 3.0, 1e-3), ground=(N, E, W))),
        "A out of channel a",
    ),
    "too much through a terminal": (
        Lavish,
        play(drive(force(E, S, 3.9, 5e-4), force(W, S, 3.9, 5e-4))),
        "through terminal S",
    ),
    "a relay that opens hot": (Hasty, play(HELD, ELSEWHERE), r"relay .* opens .* with -?1 V"),
    "a relay that closes hot": (Slamming, play(HELD, ELSEWHERE), r"relay .* closes .* with -?0\.\d+ V"),
    "no rest after a stop": (Restless, stop, "stands at .* after the drive"),
    "safe in words only": (Boastful, play_and_close, "closed without a word, but .*output a.*relay"),
    "safe in words only, asked": (
        Boastful,
        lambda person: (person.play(HELD), person.make_safe(everything=True)),
        "but .*output a",
    ),
    "an error out of nothing": (Nervous, play(HELD), "nothing had happened that explains"),
    "an error of another kind": (Groundless, slow("a"), "nothing had happened that explains"),
    "an error at another place": (Nervous, slow("m"), "nothing had happened that explains"),
    "an error long after its cause": (Nervous, long_ago, "nothing had happened that explains"),
    "a refusal that reaches an instrument": (
        Curious,
        play(drive(*(force(each, S, 1.0, 1e-4) for each in (N, E, W)))),
        "a refused drive reached",
    ),
    "rows in other places": (changed(rolled), play(HELD), r"V for .*and no error"),
    "a row twice": (changed(doubled), play(HELD), r"V for .*and no error"),
    "a row that is missing": (
        changed(shortened),
        play(drive(force(N, S, 1.0), dwell=2e-3)),
        r"7 of 8 samples, and no error",
    ),
    "late rows": (changed(late), play(HELD), "steps 0 .* began"),
    "a wrong current": (changed(mean), play(HELD), "Kirchhoff says"),
    "a current beyond its limit": (changed(beyond), play(HELD), "beyond a compliance"),
}


@pytest.mark.parametrize("violation", VIOLATIONS)
def test_a_violation_is_noticed(tmp_path: Path, violation: str) -> None:
    bench, act, said = VIOLATIONS[violation]
    person = Experimenter(tmp_path, "resistors", "steps", bench)
    with pytest.raises(AssertionError, match=said):
        act(person)


@pytest.mark.parametrize("act", [play(HELD, ELSEWHERE), stop, play_and_close, hot])
def test_a_sound_bench_is_not_blamed(tmp_path: Path, act: Callable[[Experimenter], None]) -> None:
    act(Experimenter(tmp_path, "resistors", "steps"))
