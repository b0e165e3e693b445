"""Shipped steps that look at what they read: a chip is brought to a conductance with as few pulses as possible.

A volatile chip keeps nothing at 0 V. So it is held at a level between pulses and read there, and "at target" means:
three readings in a row, the first some 20 ms after the pulse, are all within the tolerance. Each pulse and its readings
are one drive. What came of it is told as a result: whether the target was reached, with how many pulses, and how far
from it the last three readings are.
"""

from __future__ import annotations

import math
from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.errors import AnswerError, DriveError
from nwlab.core.expect import Expect, Expectation
from nwlab.core.reading import Reading
from nwlab.core.result import Result
from nwlab.core.units import show
from nwlab.protocol.kinds import Amps, Play, Seconds, Siemens, Terminal, Volts

_READS = 3
_READ, _READ_DELAY = 25e-3, 4e-3  # s: a cycle of the power line fits in
_SETTLE = 20e-3  # s more between a pulse and its first reading
_CANDIDATES = 7  # amplitudes that a twin is asked about, evenly spaced
_REFINED = 3  # and then so many where they hit the target
_DOUBT = 0.2  # V, standard deviation: how far chip and twin may be apart along the axis of amplitudes
_REACH = 1.2  # V: amplitudes so far apart tell of one another
_INEXACT = 0.005  # V: what else, beside chance, moves a pulse's outcome
_AGEING = 0.03  # V, by which an observation is worth less for each pulse since then
_MEAN = math.sqrt(2 / math.pi)  # mean magnitude of a normal deviate, in standard deviations
_FLAT = 1e-6  # least rise from one amplitude to the next, as a part of the largest conductance


def program_threshold(
    source: Terminal,
    sink: Terminal,
    target: Siemens,
    tolerance: float = 0.01,
    hold: Volts = 3.0,
    width: Seconds = 1.0,
    count: int = 40,
    start: Volts = 4.51,
    step: Volts = 0.27,
    fine: Volts = 0.05,
    again: Volts = 3.43,
    back: Volts = 3.26,
    lowest: Volts = 2.0,
    highest: Volts = 5.0,
    compliance: Amps = 5e-4,
) -> Play:
    """Program by write and verify: each pulse higher than the last one, and lower ones after an overshoot.

    Pulses begin at `start` and grow by `step` until the target is reached or passed; then they begin at `back` and fall
    by `fine`, and after the next passage they begin at `again` and grow by `fine`, and so on. At most `count` pulses.
    The scheme is that of Alibart et al., Nanotechnology 23 (2012) 075201, on a chip that lower levels depress.
    """
    _check_span(lowest, highest)
    writer = _Writer(source, sink, hold, width, compliance)
    goal, pulses = _Goal(target, tolerance), 0
    found = writer.conductances((yield writer.read()))
    was_below, amplitude = None, start
    first, stride = start, step  # of pulses that grow
    while pulses < count and not goal.is_reached(found):
        is_below = bool(found.mean() < target)
        if is_below == was_below:
            amplitude += stride if is_below else -stride
        else:
            if was_below is not None or not is_below:  # the target was passed
                first, stride = again, fine
            amplitude = first if is_below else back
        was_below, amplitude = is_below, min(max(amplitude, lowest), highest)
        found = writer.conductances((yield writer.pulse(amplitude)))
        pulses += 1
    yield writer.let_go()
    yield goal.result(found, pulses)


def program_twin(
    source: Terminal,
    sink: Terminal,
    target: Siemens,
    tolerance: float = 0.01,
    hold: Volts = 3.0,
    width: Seconds = 1.0,
    count: int = 40,
    lowest: Volts = 2.0,
    highest: Volts = 5.0,
    compliance: Amps = 5e-4,
) -> Play:
    """Program by asking a twin what pulses of several amplitudes would give, and playing the one that hits the target.

    The chip is not quite what the twin takes it for. So each pulse also tells how far its amplitude was from the one at
    which the twin would have expected what came, and the next one makes good for that. It ends at the target, when no
    further pulse is expected to come closer. At most `count` pulses.
    """
    _check_span(lowest, highest)
    writer = _Writer(source, sink, hold, width, compliance)
    goal, shift, pulses = _Goal(target, tolerance), _Shift(), 0
    found = writer.conductances((yield writer.read()))
    while pulses < count:
        curve = yield from _ask(writer, target, np.linspace(lowest, highest, _CANDIDATES))
        wanted = curve.amplitude(target)
        offset, doubt = shift.at(wanted)
        if goal.is_reached(found) and abs(found.mean() - target) <= _MEAN * curve.uncertainty(wanted, doubt):
            break
        amplitude = min(max(wanted - offset, lowest), highest)
        found = writer.conductances((yield writer.pulse(amplitude)))
        shift.learn(curve, amplitude, float(found.mean()))
        pulses += 1
    yield writer.let_go()
    yield goal.result(found, pulses)


def _check_span(lowest: float, highest: float) -> None:
    if lowest >= highest:
        raise DriveError(
            f"pulses may be chosen from lowest = {show(lowest, 'V')} to highest = {show(highest, 'V')}, which leaves "
            "no choice: set lowest below highest; no pulse was played"
        )


@dataclass(frozen=True, slots=True)
class _Goal:
    target: float  # S
    tolerance: float  # part of it

    def is_reached(self, found: FloatArray) -> bool:
        """Whether all conductances are within the tolerance."""
        return bool((np.abs(found - self.target) <= self.tolerance * self.target).all())

    def result(self, found: FloatArray, pulses: int) -> Result:
        """Return what is to be told of the last readings."""
        mean = float(found.mean())
        return Result(
            {
                "reached": self.is_reached(found),
                "pulses": pulses,
                "conductance": {"value": mean, "error": float(found.std(ddof=1)), "unit": "S"},
                "deviation": mean / self.target - 1,
            }
        )


@dataclass(frozen=True, slots=True)
class _Writer:
    """Makes the drives of both schemes."""

    source: int
    sink: int
    hold: float  # V
    width: float  # s
    compliance: float  # A

    def pulse(self, amplitude: float) -> Drive:
        """Return a pulse, then readings at the level that is held."""
        return self._drive([amplitude, *[self.hold] * _READS], hold=True)

    def read(self) -> Drive:
        """Return readings alone."""
        return self._drive([self.hold] * _READS, hold=True)

    def let_go(self) -> Drive:
        """Return a last reading, after which nothing is held."""
        return self._drive([self.hold], hold=False)

    def conductances(self, reading: Reading) -> FloatArray:
        """Return the conductance of each reading at the level that is held, S; raises AnswerError where one failed."""
        found = reading.conductance[-_READS:, 0]
        if not np.isfinite(found).all():
            raise AnswerError("a reading failed, so that nobody knows how far the chip is from its target")
        return found

    def _drive(self, levels: list[float], *, hold: bool) -> Drive:
        dwell, delay = np.full(len(levels), _READ), np.full(len(levels), _READ_DELAY)
        if len(levels) > _READS:
            dwell[0], dwell[1], delay[1] = self.width, _READ + _SETTLE, _READ_DELAY + _SETTLE
        force = Force(self.source, Quantity.VOLTAGE, np.array(levels), self.compliance, low=self.sink)
        return Drive(dwell, (force,), read_delay=delay, hold=hold)


@dataclass(frozen=True, slots=True)
class _Curve:
    """What a twin expects after pulses of several amplitudes; both grow together. Straight beyond its ends."""

    amplitudes: FloatArray  # V, ascending
    conductances: FloatArray  # S, ascending
    sd: FloatArray  # S

    def amplitude(self, conductance: float) -> float:
        """Return the amplitude after which a conductance is expected, V."""
        k = self._piece(int(np.searchsorted(self.conductances, conductance)))
        rise = (conductance - self.conductances[k]) / self.slope(k)
        return float(self.amplitudes[k] + rise)

    def slope(self, k: int) -> float:
        """Return the slope between amplitudes k and k + 1, S/V."""
        run = self.amplitudes[k + 1] - self.amplitudes[k]
        return float(max(self.conductances[k + 1] - self.conductances[k], _FLAT * self.conductances[-1]) / run)

    def doubt(self, amplitude: float) -> float:
        """Return the standard deviation of the expectation, as one of an amplitude, V."""
        k = self._piece(int(np.searchsorted(self.amplitudes, amplitude)))
        return float(np.interp(amplitude, self.amplitudes, self.sd)) / self.slope(k)

    def uncertainty(self, amplitude: float, shift: float) -> float:
        """Return the standard deviation of what comes of an amplitude that is sure to `shift` V only, S."""
        k = self._piece(int(np.searchsorted(self.amplitudes, amplitude)))
        return math.hypot(float(np.interp(amplitude, self.amplitudes, self.sd)), self.slope(k) * shift)

    def _piece(self, above: int) -> int:
        return min(max(above - 1, 0), len(self.amplitudes) - 2)


class _Shift:
    """By how much the chip's curve lies at lower amplitudes than the twin's, V, as pulses tell one after the other.

    Rates that differ shift high and low amplitudes by different amounts. So the shift is a Gaussian process along the
    axis of amplitudes (Rasmussen and Williams, Gaussian Processes for Machine Learning, 2006, eq. 2.23) whose older
    observations count less.
    """

    def __init__(self) -> None:
        self._seen: list[tuple[float, float, float]] = []  # the twin's amplitude, shift, and its standard deviation

    def at(self, amplitude: float) -> tuple[float, float]:
        """Return the shift where the twin has this amplitude, and its standard deviation."""
        if not self._seen:
            return 0.0, _DOUBT
        place, shift, sd = np.array(self._seen).T
        age = np.arange(len(place))[::-1]
        noise = sd**2 + _INEXACT**2 + age * _AGEING**2
        near = _alike(amplitude - place)
        weights = np.linalg.solve(_alike(place[:, None] - place) + np.diag(noise), near)
        return float(weights @ shift), math.sqrt(max(_DOUBT**2 - float(weights @ near), 0.0))

    def learn(self, curve: _Curve, amplitude: float, found: float) -> None:
        """Take what came of a pulse; the less the twin was sure of it, the less is learnt."""
        as_expected_at = curve.amplitude(found)
        self._seen.append((as_expected_at, as_expected_at - amplitude, curve.doubt(as_expected_at)))


def _alike(apart: FloatArray) -> FloatArray:
    """Return the covariance of shifts that are so many V apart, V²."""
    return _DOUBT**2 * np.exp(-0.5 * (apart / _REACH) ** 2)


def _ask(writer: _Writer, target: float, amplitudes: FloatArray) -> Generator[Expect, Any, _Curve]:
    """Ask a twin about amplitudes, and then about those at which its answers meet the target."""
    told: dict[float, tuple[float, float]] = {}
    for amplitude in amplitudes:
        told[float(amplitude)] = _expected(writer, (yield Expect(writer.pulse(float(amplitude)))))
    for _ in range(_REFINED):
        amplitude = _curve(told).amplitude(target)
        if not amplitudes[0] < amplitude < amplitudes[-1] or amplitude in told:
            break
        told[amplitude] = _expected(writer, (yield Expect(writer.pulse(amplitude))))
    return _curve(told)


def _expected(writer: _Writer, expectation: Expectation) -> tuple[float, float]:
    """Return the mean conductance of the readings and its standard deviation; they err together."""
    found = writer.conductances(expectation)
    return float(found.mean()), float((expectation.sd[-_READS:, 0] / writer.hold).mean())


def _curve(told: dict[float, tuple[float, float]]) -> _Curve:
    amplitudes = np.array(sorted(told))
    means, sds = np.array([told[amplitude] for amplitude in amplitudes.tolist()]).T
    return _Curve(amplitudes, np.maximum.accumulate(means), sds)
