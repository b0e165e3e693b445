"""The chip as a piece of matter between its terminals, and the circuit around it.

Nodes 0 … terminals-1 of a circuit are the film's terminals; one more, `common`, is the reference of potential; any
further ones are the ends of leads. A part of the circuit with no path to common floats: its lowest node is then called
0 V, which changes no current and no voltage difference.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from nwlab.core.drive import BoolArray, FloatArray, Quantity


@dataclass(frozen=True, slots=True)
class Source:
    """An ideal source with a limit between two nodes."""

    hi: int
    lo: int
    quantity: Quantity
    level: float  # V or A
    compliance: float  # limit of the other quantity, A or V; may be infinite
    sense: tuple[int, int] | None = None  # the pair whose voltage is regulated and limited; None = (hi, lo)


@dataclass(frozen=True, slots=True)
class Circuit:
    """Everything outside the film, constant for a while."""

    nodes: int  # how many in all: terminals, common, ends of leads
    common: int  # index of the reference node
    sources: tuple[Source, ...] = ()
    resistors: tuple[tuple[int, int, float], ...] = ()  # (node, node, Ohm > 0)


@dataclass(frozen=True, slots=True, eq=False)
class Mean:
    """Time means over an interval; instantaneous values over an interval of 0 s."""

    potential: FloatArray  # (nodes,) V
    current: FloatArray  # (sources,) A out of each source's HI
    in_compliance: BoolArray  # (sources,) whether the limit acted at the end of the interval


class Film(Protocol):
    """The chip's matter: it remembers, and time passes for it only through `advance`."""

    @property
    def terminals(self) -> int:
        """How many terminals it has."""
        ...

    def advance(self, circuit: Circuit, duration: float) -> Mean:
        """Let `duration` s (≥ 0) pass under a constant circuit and return the means over it."""
        ...

    def conductances(self) -> FloatArray:
        """Present conductance of each element in S; (elements,)."""
        ...
