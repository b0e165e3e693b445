"""A chip made of equations: drives go in, readings come out, no instrument between."""

from __future__ import annotations

from collections.abc import Generator, Iterator

import numpy as np

from nwlab.core.clock import Clock, VirtualClock
from nwlab.core.drive import BoolArray, Drive, FloatArray
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading
from nwlab.model.drive_circuit import DriveCircuit, open_circuit
from nwlab.model.film import Circuit, Film
from nwlab.model.staircase import Staircase, staircase_of


class ModelChip:
    """A film with ideal sources at its terminals; a Chip.

    Ideal means: no lead resistance, no error of reading, levels change at once. One sample per step is the mean from
    the read delay to the end of the dwell, or over the whole dwell when the drive names no delay. Between drives the
    film lives on through the time of the clock, at rest or held as the last drive left it.
    """

    def __init__(
        self,
        film: Film,
        terminals: tuple[str, ...],
        limits: Limits,
        clock: Clock | None = None,
        block: int = 10_000,
        span: float = np.inf,
    ) -> None:
        """`clock` None = one that jumps; `block` and `span` are how many steps, of how many s, are handed over at once.

        A step that is longer than `span` comes alone.
        """
        self.terminals, self.limits = terminals, limits
        self.clock: Clock = VirtualClock() if clock is None else clock
        self._film, self._block, self._span = film, block, span
        self._idle = open_circuit(film.terminals)
        self._lived = self.clock.now()

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Play a drive and yield blocks; closing the iterator aborts to rest."""
        return self._play(drive)

    def close(self) -> None:
        """Let the film stand open, as behind open relays."""
        self._wait()
        self._idle = open_circuit(self._film.terminals)

    def _play(self, drive: Drive) -> Generator[Reading, None, None]:
        self._wait()
        start = self._lived
        circuits = DriveCircuit(drive, self._film.terminals, self.limits.current)
        self._idle = circuits.rest()
        staircase = staircase_of(self._film, drive)
        ends = np.cumsum(drive.dwell)
        end = 0
        while end < drive.steps:
            first, end = end, self._end(end, ends)
            block = _Block(drive, first, end)
            block.play(self._film, circuits, staircase)
            self._lived = start + float(ends[end - 1])
            self.clock.sleep(self._lived - self.clock.now())
            if drive.hold and end == drive.steps:
                self._idle = circuits.at(-1)
            yield block.reading(start, ends[first:end])

    def _end(self, first: int, ends: FloatArray) -> int:
        """Return where a block ends that begins at step `first`."""
        most = min(first + self._block, ends.size)
        begun = float(ends[first - 1]) if first else 0.0
        return max(first + 1, min(most, int(np.searchsorted(ends, begun + self._span, "right"))))

    def _wait(self) -> None:
        """Let the film live through the time that has passed since it was last looked at."""
        now = self.clock.now()
        if now > self._lived:
            self._film.advance(self._idle, now - self._lived)
            self._lived = now


class _Block:
    """Consecutive steps of a drive, and what is read in them; arrays are (steps, forces)."""

    def __init__(self, drive: Drive, first: int, end: int) -> None:
        shape = end - first, len(drive.forces)
        self.drive, self.first, self.end, self.shape = drive, first, end, shape
        self.dwell: FloatArray = drive.dwell[first:end]
        self.delay: FloatArray = np.zeros(shape[0]) if drive.read_delay is None else drive.read_delay[first:end]
        self.voltage: FloatArray = np.zeros(shape)
        self.current: FloatArray = np.zeros(shape)
        self.in_compliance: BoolArray = np.zeros(shape, dtype=np.bool_)

    def play(self, film: Film, circuits: DriveCircuit, staircase: Staircase | None) -> None:
        """Let the film live through the block."""
        row = 0
        while row < self.shape[0]:
            if staircase is not None:
                row = self._play_staircase(staircase, row)
            if row < self.shape[0]:
                self._play_step(film, circuits.at(self.first + row), row)
                row += 1

    def reading(self, start: float, ends: FloatArray) -> Reading:
        """Return what was read; `ends` are the ends of the steps in s after `start`."""
        onset, aperture = ends - self.dwell, self.dwell - self.delay
        middle = onset + self.delay + aperture / 2
        return Reading(
            start=start,
            onset=onset,
            time=np.repeat(middle[:, np.newaxis], self.shape[1], axis=1),
            aperture=np.repeat(aperture[:, np.newaxis], self.shape[1], axis=1),
            voltage=self.voltage,
            current=self.current,
            in_compliance=self.in_compliance,
            overflow=np.zeros(self.shape, dtype=np.bool_),
        )

    def _play_staircase(self, staircase: Staircase, row: int) -> int:
        """Play many steps at once, up to one in which a limit may act; return that row."""
        voltage, current = staircase.play(self.first + row, self.end)
        done = slice(row, row + len(voltage))
        self.voltage[done], self.current[done] = voltage, current
        return row + len(voltage)

    def _play_step(self, film: Film, circuit: Circuit, row: int) -> None:
        delay, dwell = float(self.delay[row]), float(self.dwell[row])
        before = film.advance(circuit, delay)
        mean = film.advance(circuit, dwell - delay)
        for index in range(self.shape[1]):
            source = circuit.sources[index]
            hi, lo = source.sense or (source.hi, source.lo)
            self.voltage[row, index] = mean.potential[hi] - mean.potential[lo]
            self.current[row, index] = mean.current[index]
            self.in_compliance[row, index] = before.in_compliance[index] or mean.in_compliance[index]
