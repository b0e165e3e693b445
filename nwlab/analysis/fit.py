"""What an identification found: numbers with their errors, and how well they explain the record."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np

from nwlab.core.drive import FloatArray

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

    @property
    def rmse(self) -> float:
        """Root-mean-square deviation of the fit in S; NaN without samples."""
        return float(np.sqrt(np.mean(np.square(self._off)))) if self._off.size else float("nan")

    @property
    def r2(self) -> float:
        """Share of the conductance's variance that the fit explains; NaN where it does not vary or is not fitted."""
        measured = self.measured[self._both]
        if self.voltages is not None or not varies(measured):
            return float("nan")
        return 1.0 - float(np.sum(np.square(self._off)) / np.sum(np.square(measured - measured.mean())))

    @property
    def r2_text(self) -> str:
        """`r2` to four places, rounded down so that only a perfect fit has 1; empty where there is none."""
        return f"{np.floor(self.r2 * 1e4) / 1e4:.4g}" if np.isfinite(self.r2) else ""

    @property
    def _both(self) -> Any:
        return np.isfinite(self.measured) & np.isfinite(self.fitted)

    @property
    def _off(self) -> FloatArray:
        return (self.fitted - self.measured)[self._both]
