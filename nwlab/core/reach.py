"""How far a drive can go at most, from what it forces alone, whatever chip it meets.

Theory of operation. Sources that share an end hang together in islands; within one, the voltages along the way from
terminal to terminal add up. Islands float against one another: through the chip each can be lifted by as much as the
others span, so that their spans add up, too. A forced voltage is what it says; a forced current drives its voltage no
further than its compliance, and a terminal that nobody else holds only in its own direction. Who forces 0 A drives
nothing. Sources of one sign can all meet in one terminal.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Force, Quantity

_COMMON = -1  # node of the bench's common

Heights = dict[int, FloatArray]
"""Node → how far above another one it can be, (steps,) V."""


def span(drive: Drive) -> FloatArray:
    """Return the most that can stand between any two terminals at each step, (steps,) V."""
    bounds = _bounds(drive)
    total, left = np.zeros(drive.steps), set(bounds)
    while left:
        island = _heights(bounds, min(left), drive.steps)
        left -= set(island)
        total += np.max([_highest(_heights(bounds, node, drive.steps)) for node in island], axis=0)
    return total


def inflow(drive: Drive) -> Mapping[int, float]:
    """Return the most that can flow through each terminal that several sources lead to, in A."""
    most: dict[int, float] = {}
    for terminal in {force.low for force in drive.forces if force.low is not None}:
        own = sum(_most(force) for force in drive.forces if force.terminal == terminal)
        most[terminal] = own + _meeting([force for force in drive.forces if force.low == terminal])
    for terminal in drive.ground:
        most[terminal] = most.get(terminal, 0.0) + _meeting([force for force in drive.forces if force.low is None])
    return most


def _bounds(drive: Drive) -> dict[int, Heights]:
    """Return for each node how far above it its neighbours can be."""
    bounds: dict[int, Heights] = {}
    for force in drive.forces:
        if force.is_voltmeter:
            continue
        low = _COMMON if force.low is None else force.low
        least, most = _voltage(force, drive)
        bounds.setdefault(low, {})[force.terminal] = most
        bounds.setdefault(force.terminal, {})[low] = -least
    return bounds


def _voltage(force: Force, drive: Drive) -> tuple[FloatArray, FloatArray]:
    """Return the least and the most V that can stand between HI and LO, (steps,) each."""
    if force.quantity is Quantity.VOLTAGE:
        return force.levels, force.levels
    limit = np.full(drive.steps, force.compliance)
    shared = force.low is not None or any(other.low == force.terminal for other in drive.forces)
    down, up = shared or bool((force.levels < 0).any()), shared or bool((force.levels > 0).any())
    return -limit * down, limit * up


def _heights(bounds: Mapping[int, Heights], start: int, steps: int) -> Heights:
    """Return how far above `start` each node of its island can be."""
    heights: Heights = {start: np.zeros(steps)}
    waiting = [start]
    while waiting:
        node = waiting.pop()
        for other, above in bounds[node].items():
            if other not in heights:
                heights[other] = heights[node] + above
                waiting.append(other)
    return heights


def _highest(heights: Heights) -> FloatArray:
    return np.max(list(heights.values()), axis=0)


def _most(force: Force) -> float:
    return force.compliance if force.quantity is Quantity.VOLTAGE else float(np.abs(force.levels).max())


def _meeting(forces: list[Force]) -> float:
    """Return what sources of one sign, the stronger of both, can send the same way."""
    return max((sum(_most(force) for force in of_sign) for of_sign in _signs(forces)), default=0.0)


def _signs(forces: list[Force]) -> Iterator[list[Force]]:
    yield [force for force in forces if (force.levels > 0).any()]
    yield [force for force in forces if (force.levels < 0).any()]
