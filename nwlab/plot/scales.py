"""Units with prefixes for axes."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.units import PREFIXES


def prefixed(arrays: Iterable[FloatArray], unit: str) -> tuple[float, str]:
    """Return the factor to divide by and the unit to write, so that the largest value has one to three digits."""
    largest = max((float(np.nanmax(np.abs(array))) for array in arrays if np.isfinite(array).any()), default=0.0)
    fitting = [(factor, prefix) for prefix, factor in PREFIXES.items() if largest >= factor]
    factor, prefix = max(fitting, default=(1.0, ""))
    return factor, prefix.replace("u", "µ") + unit


def time_axis(span: float) -> tuple[float, str]:
    """Return the factor and unit for a time axis of `span` s."""
    if span > 7200:
        return 3600.0, "h"
    if span > 600:
        return 60.0, "min"
    return prefixed([np.array([span])], "s")
