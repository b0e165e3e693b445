"""Wires thrown on a plane at random, or laid where somebody says; they are joined where they cross."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.networks.network import IntArray, Network

_SHORTEST = 1e-4
"""Of a wire's length: nearer junctions count as this far apart. They lie within the wire's own thickness."""


@dataclass(frozen=True, slots=True)
class RandomWires:
    """Wires whose middles lie evenly on a rectangle from (0, 0), in any direction; their ends may leave it.

    Numbers are drawn as in the published networks (Milano, Miranda, Ricciardi, Neural Networks 2022), so that
    the same seed gives the same wires: lengths, x, y, angles, from NumPy's older generator. Raises UsageError.
    """

    count: int
    mean_length: float  # m
    length_sd: float  # m, of a normal distribution without its negative part
    width: float  # m
    height: float  # m
    seed: int

    def __post_init__(self) -> None:
        """Refuse what cannot be laid."""
        if self.count < 1:
            raise UsageError(f"a network has at least 1 wire, not {self.count}")
        for name in ("mean_length", "width", "height"):
            if not 0 < getattr(self, name) < math.inf:
                raise UsageError(f"{name} must be a positive length, not {getattr(self, name)!r} m")
        if not 0 <= self.length_sd < math.inf:
            raise UsageError(f"length_sd must be a length of at least 0, not {self.length_sd!r} m")
        if not 0 <= self.seed < 2**32:
            raise UsageError(f"the seed of wires is a whole number from 0 to {2**32 - 1}, not {self.seed}")

    def ends(self) -> FloatArray:
        """Return both ends of each wire, (count, 2, 2) m."""
        draw = np.random.RandomState(self.seed)
        length = draw.normal(self.mean_length, self.length_sd, self.count)
        while (is_negative := length < 0).any():
            length[is_negative] = draw.normal(self.mean_length, self.length_sd, int(is_negative.sum()))
        x, y = draw.uniform(0, self.width, self.count), draw.uniform(0, self.height, self.count)
        angle = draw.uniform(0, math.pi, self.count)
        middle = np.stack([x, y], axis=1)
        half = (length / 2)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        return np.stack([middle - half, middle + half], axis=1)

    def network(self) -> Network:
        """Return the network with one node per wire, whose own resistance is left out."""
        return network_of_wires(self.ends())

    def segment_network(self, resistance_per_metre: float) -> Network:
        """Return the network with one node per junction and wire; see `segment_network_of_wires`."""
        return segment_network_of_wires(self.ends(), resistance_per_metre)


def network_of_wires(ends: FloatArray) -> Network:
    """Join wires with ends (wires, 2, 2) m by a junction at each crossing; node n is wire n.

    Raises UsageError for what are no ends of wires.
    """
    from nwlab.model.networks.crossings import crossings

    ends = _checked(ends)
    return Network(len(ends), crossings(ends).pairs, ends)


def segment_network_of_wires(ends: FloatArray, resistance_per_metre: float) -> Network:
    """Cut wires with ends (wires, 2, 2) m between their junctions, and join the pieces by the resistance of the wire.

    A wire with k junctions is k nodes in a row, which reach halfway to their neighbours; one without is one node.
    Junctions are numbered as in `network_of_wires`. Raises UsageError unless the resistance, Ohm/m, is positive.
    """
    from nwlab.model.networks.crossings import crossings

    ends = _checked(ends)
    if not 0 < resistance_per_metre < math.inf:
        raise UsageError(f"the resistance of a wire must be positive, not {resistance_per_metre!r} Ohm/m")
    pairs, along = crossings(ends)
    bare = np.setdiff1d(np.arange(len(ends), dtype=np.int32), pairs)
    wire = np.concatenate([pairs.ravel(), bare])
    place = np.concatenate([along.ravel(), np.full(len(bare), 0.5)])
    order = np.lexsort((place, wire))
    wire, place = wire[order], place[order]
    node = np.empty(len(order), dtype=np.int32)
    node[order] = np.arange(len(order), dtype=np.int32)
    first = np.flatnonzero(wire[1:] == wire[:-1]).astype(np.int32)
    apart = np.maximum(place[first + 1] - place[first], _SHORTEST)
    length = np.hypot(*(ends[:, 1] - ends[:, 0]).T)[wire[first]]
    return Network(
        len(order),
        node[: pairs.size].reshape(-1, 2),
        _pieces(ends, wire, place, first),
        np.stack([first, first + 1], axis=1),
        1 / (resistance_per_metre * length * apart),
    )


def _pieces(ends: FloatArray, wire: IntArray, place: FloatArray, first: IntArray) -> FloatArray:
    """Return the piece of wire that each node stands for, (nodes, 2, 2) m: from halfway to halfway."""
    reach = np.stack([np.zeros(len(wire)), np.ones(len(wire))], axis=1)
    reach[first, 1] = reach[first + 1, 0] = (place[first] + place[first + 1]) / 2
    begin, run = ends[wire, 0], ends[wire, 1] - ends[wire, 0]
    return begin[:, None] + reach[:, :, None] * run[:, None]


def _checked(ends: FloatArray) -> FloatArray:
    ends = np.asarray(ends, dtype=np.float64)
    if ends.ndim != 3 or ends.shape[1:] != (2, 2) or not len(ends):
        raise UsageError(f"wires need their ends as (wires, 2, 2) m, at least one wire, not an array of {ends.shape}")
    if not np.isfinite(ends).all():
        raise UsageError("the ends of wires must be finite lengths in m")
    return ends
