"""Compiled entry to every built-in law: one integer says which.

An integer and arrays, instead of function objects, because compiled code that takes functions cannot be kept on disk.
"""

from __future__ import annotations

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.laws import (
    device_kernel,
    fixed_kernel,
    lasting_kernel,
    legacy_kernel,
    rate_balance_kernel,
    tunnelling_kernel,
)
from nwlab.model.laws.law import DEVICE, FIXED, LASTING, LEGACY, RATE_BALANCE, TUNNELLING
from nwlab.model.randomness import Stream


@compiled
def advance(
    code: int,
    constants: FloatArray,
    spread: FloatArray,
    state: FloatArray,
    voltage: FloatArray,
    duration: float,
    stream: Stream,
) -> None:
    """Let `duration` s pass at constant voltage (junctions,); the state (variables, junctions) changes in place.

    From the same state and the same stream, the chance of a step is the same at any voltage: steps can be repeated.
    """
    if code == RATE_BALANCE:
        rate_balance_kernel.advance(constants, spread, state, voltage, duration, stream)
    elif code == LASTING:
        lasting_kernel.advance(constants, spread, state, voltage, duration, stream)
    elif code == TUNNELLING:
        tunnelling_kernel.advance(constants, spread, state, voltage, duration)
    elif code == DEVICE:
        device_kernel.advance(constants, spread, state, voltage, duration, stream)
    elif code == LEGACY:
        legacy_kernel.advance(constants, spread, state, voltage, duration)


@compiled
def conduct(code: int, constants: FloatArray, spread: FloatArray, state: FloatArray, out: FloatArray) -> None:
    """Write what each junction conducts in S into `out` (junctions,)."""
    if code in (RATE_BALANCE, LEGACY, LASTING):
        rate_balance_kernel.conduct(constants, spread, state, out)
    elif code == TUNNELLING:
        tunnelling_kernel.conduct(constants, spread, state, out)
    elif code == DEVICE:
        device_kernel.conduct(constants, spread, state, out)
    elif code == FIXED:
        fixed_kernel.conduct(spread, state, out)
