"""Runs of chips whose truth is known, made by the film in finer steps than the twin takes, and read by a meter."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, Event
from nwlab.core.reading import Reading
from nwlab.model.jumps import Jumps
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm

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
START, VOLT, DWELL = 3.24e-5, 3.6, 0.63
SPAN = LAW.g_max - LAW.g_min
STEP_SD = LAW.noise * np.sqrt(DWELL) * SPAN
_FINE, _BEFORE = 7, 1  # pieces of each sample, of which so many pass before it is read
READ = ("onset", "time", "aperture", "voltage", "current", "in_compliance", "overflow")


@dataclass(frozen=True)
class Record:
    """A drive and what was read."""

    drive: Drive
    reading: Reading
    truth: FloatArray  # (samples,) S, the film's own mean conductance while it was read

    def events(self, block: int) -> Iterator[Event]:
        """Yield the record as a run tells it, in blocks of so many samples."""
        yield DriveStarted(0, self.drive, "held")
        for first in range(0, self.reading.steps, block):
            part = slice(first, first + block)
            arrays = (getattr(self.reading, name)[part] for name in READ)
            yield BlockArrived(0, first, Reading(self.reading.start, *arrays))


def record(
    laws: Sequence[tuple[RateBalance, int]], seed: int, read_noise: float = 0.3 * STEP_SD, dwell: float = DWELL
) -> Record:
    """Hold 3.6 V at films that take one another's place: each law for so many samples; `read_noise` in S."""
    parts: list[FloatArray] = []
    conductance = START
    for number, (law, samples) in enumerate(laws):
        film = TwoTerminalFilm(law, conductance, seed + 7919 * number)
        level, fine = np.full(samples * _FINE, VOLT), np.full(samples * _FINE, dwell / _FINE)
        parts.append(film.play(level, fine, np.zeros(fine.size), 1.0).reshape(samples, _FINE)[:, _BEFORE:].mean(axis=1))
        conductance = float(film.conductances()[0])
    truth = np.concatenate(parts) / VOLT
    samples = truth.size
    noisy = truth + read_noise * np.random.default_rng([seed, 1]).standard_normal(samples)
    level, delay = np.full(samples, VOLT), dwell * _BEFORE / _FINE
    onset, column, no = dwell * np.arange(samples), np.ones((samples, 1)), np.zeros((samples, 1), np.bool_)
    time = (onset + 0.5 * (delay + dwell))[:, None]
    drive = Drive(
        np.full(samples, dwell), (Force(0, Quantity.VOLTAGE, level, 1e-3, low=1),), read_delay=np.full(samples, delay)
    )
    reading = Reading(100.0, onset, time, column * (dwell - delay), column * VOLT, (noisy * VOLT)[:, None], no, no)
    return Record(drive, reading, truth)
