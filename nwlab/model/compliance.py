"""Sources with limits: which of them hold their level and which run at their limit.

Theory of operation
    A source plays one of three parts: 0, it holds its level; +1 or −1, it holds the limited quantity at ± compliance
    and lets its own go. Part 0 is right while the limited quantity stays within the compliance; part ±1 while the
    source would have to push further in that direction to reach its level. With resistors around ideal sources this
    is a linear complementarity problem with one solution. Turning every wrong source at once finds it in one or two
    rounds almost always; when it does not, turning only the first wrong one is sure to (Murty's rule), provided that
    no source is stuck in an impossible circuit: there each source gets a tiny leak, just to decide the parts.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Sequence

from nwlab.core.drive import FloatArray, Quantity
from nwlab.core.errors import NwlabError
from nwlab.model.film import Source

Parts = tuple[int, ...]
"""Of each source: 0 = at its level, ±1 = at its limit."""

Evaluate = Callable[[Parts, bool], FloatArray | None]
"""Potentials then source currents under given parts, with leaks or without; None when such a circuit cannot exist."""

_TOLERANCE = 1e-9  # of a limit or level: rounding is not a limit acting


def find_parts(sources: Sequence[Source], nodes: int, evaluate: Evaluate, start: Parts) -> tuple[Parts, FloatArray]:
    """Return the consistent parts and their solution, trying `start` first.

    Raises NwlabError when sources that regulate at foreign sense points leave no consistent state.
    """
    parts = start
    for _ in range(4):
        solution = evaluate(parts, False)
        if solution is None:
            break
        turned = corrected(sources, nodes, parts, solution)
        if turned == parts:
            return parts, solution
        parts = turned
    candidates = itertools.chain([_first_wrong(sources, nodes, evaluate)], _combinations(len(sources)))
    for parts in candidates:
        solution = evaluate(parts, False)
        if solution is not None and corrected(sources, nodes, parts, solution) == parts:
            return parts, solution
    raise NwlabError(
        "the sources on the chip fight each other: no state of their limits is consistent; check the wiring"
    )


def corrected(sources: Sequence[Source], nodes: int, parts: Parts, solution: FloatArray) -> Parts:
    """Turn each source whose part contradicts the solution."""
    return tuple(
        _right_part(source, part, _voltage(source, solution), float(solution[nodes + index]))
        for index, (source, part) in enumerate(zip(sources, parts, strict=True))
    )


def fixes_voltage(source: Source, part: int) -> bool:
    """Whether the source sets a voltage in this part, rather than a current."""
    return (source.quantity is Quantity.VOLTAGE) == (part == 0)


def fixed_value(source: Source, part: int) -> float:
    """What the source sets in this part, V or A."""
    return part * source.compliance if part else source.level


def _voltage(source: Source, solution: FloatArray) -> float:
    hi, lo = source.sense or (source.hi, source.lo)
    return float(solution[hi] - solution[lo])


def _right_part(source: Source, part: int, voltage: float, current: float) -> int:
    is_voltage = source.quantity is Quantity.VOLTAGE
    own, limited = (voltage, current) if is_voltage else (current, voltage)
    if part == 0:
        if abs(limited) <= source.compliance * (1 + _TOLERANCE):
            return 0
        return 1 if limited > 0 else -1
    slack = part * (source.level - own)
    return part if slack >= -_TOLERANCE * max(abs(own), abs(source.level)) else 0


def _first_wrong(sources: Sequence[Source], nodes: int, evaluate: Evaluate) -> Parts:
    parts: Parts = (0,) * len(sources)
    for _ in range(20 * len(sources)):
        solution = evaluate(parts, True)
        if solution is None:
            return parts
        turned = corrected(sources, nodes, parts, solution)
        wrong = next((index for index, part in enumerate(turned) if part != parts[index]), None)
        if wrong is None:
            return parts
        parts = (*parts[:wrong], turned[wrong], *parts[wrong + 1 :])
    return parts


def _combinations(count: int) -> Iterable[Parts]:
    """Every combination, for the few sources of a bench; beyond eight it would take minutes."""
    return itertools.product((0, 1, -1), repeat=count) if count <= 8 else iter(())
