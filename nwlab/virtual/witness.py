"""What somebody who watches the world is told around each change, for proofs about what a chip was made to bear."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nwlab.core.drive import FloatArray
from nwlab.model.film import Circuit


@dataclass(frozen=True, slots=True, eq=False)
class Moment:
    """The state of the table right before or right after a change.

    Of a part that nothing ties to common one node is called 0 V (see `nwlab.model.film`): only differences between its
    terminals mean something then.
    """

    time: float  # s of world time
    change: str  # "channel a", "matrix m"
    after: bool  # whether the change has happened
    potentials: Mapping[str, float]  # V of each chip terminal against common
    currents: Mapping[str, float]  # A out of HI of each channel
    through: Mapping[str, float]  # A into the chip at each terminal
    moving: Mapping[tuple[str, int], float]  # crosspoint that this change moves → V between what it joins


Witness = Callable[[Moment], None]


@dataclass(frozen=True, slots=True, eq=False)
class Nodes:
    """Which nodes of a circuit a moment is read from."""

    common: int
    terminals: Mapping[str, int]
    moving: Mapping[tuple[str, int], tuple[int, int]]  # crosspoint → what it joins


def moment_of(
    time: float,
    change: str,
    potential: FloatArray,
    nodes: Nodes,
    circuit: Circuit,
    currents: Mapping[str, float],
    *,
    after: bool,
) -> Moment:
    """Read a moment from the potentials of a circuit, (nodes,) V."""

    def against_common(node: int) -> float:
        """Return V; a node that hangs on nothing yet has no potential, and is called 0 V."""
        return float(potential[node] - potential[nodes.common]) if node < len(potential) else 0.0

    return Moment(
        time,
        change,
        after,
        {name: against_common(node) for name, node in nodes.terminals.items()},
        currents,
        {name: _into(node, circuit, potential) for name, node in nodes.terminals.items()},
        {name: against_common(first) - against_common(second) for name, (first, second) in nodes.moving.items()},
    )


def _into(node: int, circuit: Circuit, potential: FloatArray) -> float:
    """Return the A that flow into a node from outside the film: everything that leads to a chip is a resistor."""
    ends = (
        (second if first == node else first, ohm) for first, second, ohm in circuit.resistors if node in (first, second)
    )
    return float(sum((potential[other] - potential[node]) / ohm for other, ohm in ends))
