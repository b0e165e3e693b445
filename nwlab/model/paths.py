"""Paths of the rate-balance law as arrays, for whoever needs the physics without a chip around it."""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.compiled import given
from nwlab.model.ensemble_kernel import ensemble_paths
from nwlab.model.kernels import driven_path, held_path
from nwlab.model.randomness import stream
from nwlab.model.rate_balance import RateBalance


def path(
    law: RateBalance,
    state: float,
    voltage: FloatArray | float,
    duration: FloatArray | float,
    rng: np.random.Generator,
    steps: int | None = None,
) -> FloatArray:
    """Play a staircase of voltages on one film and return the state after each step, (steps,).

    `voltage` in V and `duration` in s, each (steps,) or one number for all; with two numbers say how many `steps`. Each
    step is exact in distribution, however long. The same generator state gives the same path. Raises UsageError.
    """
    size = _steps(voltage, duration, steps)
    out = np.empty(size)
    if np.ndim(voltage) == np.ndim(duration) == 0:
        held_path(law.constants(), float(state), float(voltage), float(duration), stream(rng), out)
    else:
        driven_path(law.constants(), float(state), _spread(voltage, size), _spread(duration, size), stream(rng), out)
    return out


def ensemble(
    law: RateBalance,
    states: FloatArray,
    voltage: FloatArray | float,
    duration: FloatArray | float,
    rng: np.random.Generator,
    steps: int | None = None,
) -> FloatArray:
    """Play one staircase on many independent films and return their states, (steps, paths).

    `states` (paths,) are where they start; otherwise as `path`.
    """
    size = _steps(voltage, duration, steps)
    starts = np.array(states, dtype=np.float64, ndmin=1)
    out = np.empty((size, starts.size))
    ensemble_paths(law.constants(), starts, _spread(voltage, size), _spread(duration, size), stream(rng), out)
    return out


def _steps(voltage: FloatArray | float, duration: FloatArray | float, steps: int | None) -> int:
    sizes = {np.size(value) for value in (voltage, duration) if np.ndim(value)} | ({steps} if steps else set())
    if len(sizes) != 1:
        raise UsageError(f"say once how many steps there are: voltage, duration and steps give {sorted(sizes)}")
    if not (np.isfinite(voltage).all() and np.greater(duration, 0).all()):
        raise UsageError("a staircase needs finite voltages and durations longer than 0 s")
    return sizes.pop()


def _spread(value: FloatArray | float, size: int) -> FloatArray:
    return given(np.broadcast_to(np.asarray(value, dtype=np.float64), size))
