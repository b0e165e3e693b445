"""What a film is made of, apart from its state: nodes, junctions, plain conductors, contacts."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.networks.network import IntArray
from nwlab.model.solver.kirchhoff import Interior
from nwlab.model.solver.reduction import Reduction

_KEPT = 64
"""Sets of ports whose order of elimination is remembered."""


class Body:
    """Nodes of which the first are the terminals; edges of which the first are the junctions.

    A terminal with a contact resistance is a node of its own before the pad; otherwise it is the pad.
    """

    def __init__(
        self,
        terminals: int,
        nodes: int,
        junctions: IntArray,
        segments: IntArray,
        segment_conductance: FloatArray,
        contact_resistance: FloatArray,
    ) -> None:
        """Pads are the first `terminals` of `nodes`; edges (…, 2) of nodes, (segments,) S, (terminals,) Ohm ≥ 0.

        Raises UsageError for a contact resistance that is negative or endless.
        """
        if not (np.isfinite(contact_resistance).all() and (contact_resistance >= 0).all()):
            raise UsageError("a contact resistance is a number of at least 0 Ohm")
        contacts = np.flatnonzero(contact_resistance > 0)
        pads = np.arange(nodes, dtype=np.int32)
        pads[contacts] = nodes + np.arange(len(contacts), dtype=np.int32)
        self.terminals, self.nodes, self.junctions = terminals, nodes + len(contacts), len(junctions)
        self.pads = pads[:terminals]  # (terminals,) node of each pad
        leads = np.stack([contacts.astype(np.int32), pads[contacts]], axis=1)
        self.edges: IntArray = np.concatenate(
            [pads[junctions].reshape(-1, 2), pads[segments].reshape(-1, 2), leads]
        ).astype(np.int32)
        self.fixed: FloatArray = np.concatenate([segment_conductance, 1 / contact_resistance[contacts]])
        self._interiors: dict[tuple[int, ...], Interior] = {}

    @cached_property
    def reduction(self) -> Reduction:
        """The network seen from all its terminals."""
        return Reduction(self.nodes, self.edges, np.arange(self.terminals, dtype=np.int32))

    def interior(self, ports: tuple[int, ...]) -> Interior:
        """Return the network between some terminals, the others open."""
        if ports not in self._interiors:
            if len(self._interiors) >= _KEPT:
                self._interiors.clear()
            self._interiors[ports] = Interior(self.nodes, self.edges, np.array(ports, dtype=np.int32))
        return self._interiors[ports]

    @cached_property
    def part(self) -> IntArray:
        """Which part of the film each terminal belongs to, (terminals,): terminals of one part hang together."""
        from scipy.sparse import coo_matrix
        from scipy.sparse.csgraph import connected_components

        one, two = self.edges[:, 0], self.edges[:, 1]
        graph = coo_matrix((np.ones(len(one)), (one, two)), shape=(self.nodes, self.nodes))
        return connected_components(graph, directed=False)[1][: self.terminals].astype(np.int32)

    def with_fixed(self, junction_conductance: FloatArray) -> FloatArray:
        """Return the conductance of every edge, (edges,) S."""
        return np.concatenate([junction_conductance, self.fixed])

    def drops(self, potential: FloatArray) -> FloatArray:
        """Return the voltage along each edge, first node minus second, (edges,) V."""
        return potential[self.edges[:, 0]] - potential[self.edges[:, 1]]

    def terminal_currents(self, current: FloatArray) -> FloatArray:
        """Return what flows into the film at each terminal, (terminals,) A, from the edges' currents, (edges,) A."""
        count = self.terminals
        leaving: FloatArray = np.bincount(self.edges[:, 0], current, self.nodes).astype(np.float64)
        arriving: FloatArray = np.bincount(self.edges[:, 1], current, self.nodes).astype(np.float64)
        return (leaving - arriving)[:count]
