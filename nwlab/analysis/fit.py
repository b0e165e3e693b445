"""What an identification found: numbers with their errors, and how well they explain the record."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nwlab.core.drive import BoolArray, FloatArray

_ALIKE = 1e-9
"""Of the largest: what rounding makes of one and the same number."""


def varies(values: FloatArray) -> bool:
    """Say whether some numbers differ by more than rounding."""
    return values.size > 0 and float(np.ptp(values)) > _ALIKE * float(np.abs(values).max())


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its standard error."""

    value: float
    sd: float  # NaN where it was given, not estimated; infinite where the record cannot tell
    unit: str  # as chip files write it; "1" = a plain number


@dataclass(frozen=True, slots=True, eq=False)
class Voltages:
    """Voltages of floating terminals, where a law is fitted to them; the latest terminal stands first."""

    names: tuple[str, ...]
    drive: FloatArray  # (samples,) V between source and sink
    measured: FloatArray  # (samples, terminals) V against the sink
    fitted: FloatArray  # (samples, terminals) V; NaN where nothing was fitted
    share: FloatArray  # (terminals,) of the drive
    time_constant: FloatArray  # (terminals,) s; 0 where none is seen, NaN where not connected
    rms: FloatArray  # (terminals,) V, of what is left


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """A law with the parameters that explain a record best."""

    law: str
    parameters: dict[str, Estimate]  # names as in the chip file's [model.parameters]; jumps as jump_rate, …
    covariance: FloatArray  # (n, n) in the order of the parameters; 0 for given ones
    time: FloatArray  # (samples,) s
    measured: FloatArray  # (samples,) S
    fitted: FloatArray  # (samples,) S
    tables: dict[str, Any]  # the chip file's own: terminals, model, start, network, …, as TOML would give them
    remarks: tuple[str, ...] = ()  # what the record cannot tell
    extra: dict[str, Any] = field(default_factory=dict[str, Any])  # further plain numbers, for [fit] and --json
    course: FloatArray | None = (
        None  # (samples,) S, the law's own course without chance, where `fitted` follows readings
    )
    error: FloatArray | None = None  # (samples,) S, standard deviation of each residual, where the law says one
    voltages: Voltages | None = None  # what was fitted, where that is not the conductance
    falls_short: bool = False  # whether it is known that the law does not explain the record

    @property
    def rmse(self) -> float:
        """Root-mean-square deviation of the fit in S; NaN without samples. With a `course`, one reading ahead."""
        return self._rmse(self.fitted)

    @property
    def r2(self) -> float:
        """Share of the conductance's variance that the fit explains; NaN where it does not vary or is not fitted.

        With a `course` it is one reading ahead, in which a random walk is good, too.
        """
        return self._r2(self.fitted)

    @property
    def course_rmse(self) -> float:
        """Root-mean-square deviation of the law's own course in S; NaN where it has none."""
        return math.nan if self.course is None else self._rmse(self.course)

    @property
    def course_r2(self) -> float:
        """Share of the variance that the law's own course explains; below 0 where a constant explains more."""
        return math.nan if self.course is None else self._r2(self.course)

    @property
    def r2_text(self) -> str:
        """`r2` for people; empty where there is none, or where the law falls short, whatever it may be."""
        return "" if self.falls_short else four_places(self.r2)

    def _rmse(self, line: FloatArray) -> float:
        off = self._off(line)
        return float(np.sqrt(np.mean(np.square(off)))) if off.size else math.nan

    def _r2(self, line: FloatArray) -> float:
        measured = self.measured[self._both(line)]
        if self.voltages is not None or not varies(measured):
            return math.nan
        return 1.0 - float(np.sum(np.square(self._off(line))) / np.sum(np.square(measured - measured.mean())))

    def _both(self, line: FloatArray) -> BoolArray:
        return np.isfinite(self.measured) & np.isfinite(line)

    def _off(self, line: FloatArray) -> FloatArray:
        return (line - self.measured)[self._both(line)]


def four_places(part: float) -> str:
    """Write a share to four places, rounded down so that only a perfect one is 1; empty where it is none."""
    return f"{np.floor(part * 1e4) / 1e4:.4g}" if math.isfinite(part) else ""
