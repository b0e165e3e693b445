"""What a drive would give, from where the twin believes the film is; neither twin nor chip is touched for it.

When the drive would begin is a guess: as soon after the last one as the quickest of the last few followed one another.
"""

from __future__ import annotations

from collections import deque
from copy import deepcopy
from dataclasses import dataclass, field, fields, replace

import numpy as np

from nwlab.core.chip import check
from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, FloatArray, Quantity
from nwlab.core.events import BlockArrived
from nwlab.core.expect import Expectation
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading, join
from nwlab.model.model_chip import ModelChip
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.twin.held import Held, block_of
from nwlab.twin.port import Port
from nwlab.twin.scalar import Twin

_REMEMBERED = 5
_TERMINALS = ("0", "1")


@dataclass(slots=True)
class Pace:
    """How drives follow one another on the chip's clock."""

    end: float = np.nan  # s on the chip's clock: of the last drive; NaN before the first
    _gaps: deque[float] = field(default_factory=lambda: deque[float](maxlen=_REMEMBERED))

    def take(self, drive: Drive, event: BlockArrived) -> None:
        """Take a block of a drive."""
        reading, first = event.reading, event.first
        if first == 0 and np.isfinite(self.end):
            self._gaps.append(max(0.0, reading.start - self.end))
        self.end = float(reading.start + reading.onset[-1] + drive.dwell[first + reading.steps - 1])

    @property
    def gap(self) -> float:
        """How long after the last drive the next one begins, s."""
        return min(self._gaps, default=0.0)

    @property
    def next(self) -> float:
        """When the next drive begins, s on the chip's clock; 0 before the first."""
        return 0.0 if np.isnan(self.end) else self.end + self.gap


def foresee(twin: Twin, held: Held, pace: Pace, drive: Drive, port: Port | None, smallest: float) -> Expectation:
    """Return what a drive would give now; `port` is what drives the film, None = nothing does.

    Times, compliance, voltages under a forced current and what other forces read are those of the law without chance;
    below `smallest` V a conductance cannot be told. Raises DriveError for terminals that the film does not have.
    """
    reading = _without_chance(twin, held, pace, drive)
    sd = np.full_like(reading.voltage, np.nan)
    if port is not None:
        place = port.place
        steps = deepcopy(held).steps(block_of(drive, 0, reading, port, smallest))
        found = deepcopy(twin).follow(replace(steps, reading=np.full(drive.steps, np.nan)))
        mean, sd[:, place] = as_read(drive, port, reading, found.mean, found.sd)
        if drive.forces[place].quantity is Quantity.VOLTAGE:
            reading.current[:, place] = np.where(reading.in_compliance[:, place], reading.current[:, place], mean)
    return Expectation(**{each.name: getattr(reading, each.name) for each in fields(Reading)}, sd=sd)


def as_read(
    drive: Drive, port: Port, reading: Reading, mean: FloatArray, sd: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Turn conductances (steps,) into what was not forced: A under a voltage, V under a current."""
    place = port.place
    if drive.forces[place].quantity is Quantity.VOLTAGE:
        volts = port.across(reading).voltage[:, place]
        return mean * volts, sd * np.abs(volts)
    amperes = reading.current[:, place]
    beyond = 0.0 if port.other is None else reading.voltage[:, port.other]
    return beyond + amperes / mean, sd * np.abs(amperes) / mean**2


def _without_chance(twin: Twin, held: Held, pace: Pace, drive: Drive) -> Reading:
    """Play the drive on a film of the same law that neither fluctuates nor jumps."""
    check(drive, Limits(np.inf, np.inf), _TERMINALS)
    law = replace(twin.law, noise=0.0, jumps=None)
    state = law.state(twin.conductance)
    if np.isfinite(held.moment):
        until = pace.next if held.stands else held.until
        left, rest = max(until - held.moment, 0.0), max(pace.next - max(until, held.moment), 0.0)
        state = law.relax(law.relax(state, abs(held.level), left), 0.0, rest)
    film = TwoTerminalFilm(law, max(0.0, float(law.conductance(state))))
    return join(ModelChip(film, _TERMINALS, Limits(), VirtualClock(pace.next)).apply(drive))
