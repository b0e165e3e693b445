"""Kirchhoff's laws with a full matrix, as a reference."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nwlab.model.networks.network import Network


def conductance_between(network: Network, source: int, sink: int, junction: float | NDArray[np.float64]) -> float:
    """S between two nodes that hang together while junctions conduct `junction` S."""
    laplacian = np.zeros((network.nodes, network.nodes))
    edges = np.concatenate([network.junctions, network.segments])
    values = np.append(np.broadcast_to(junction, len(network.junctions)), network.segment_conductance)
    np.add.at(laplacian, (edges[:, 0], edges[:, 0]), values)
    np.add.at(laplacian, (edges[:, 1], edges[:, 1]), values)
    np.add.at(laplacian, (edges[:, 0], edges[:, 1]), -values)
    np.add.at(laplacian, (edges[:, 1], edges[:, 0]), -values)
    inside = _reached(laplacian, source)
    inside = inside[inside != sink]
    potential = np.linalg.solve(laplacian[np.ix_(inside, inside)], (inside == source).astype(np.float64))
    return float(1 / potential[inside == source][0])


def _reached(laplacian: NDArray[np.float64], source: int) -> NDArray[np.int64]:
    reached = np.arange(len(laplacian)) == source
    while True:
        more = reached | (laplacian[reached] != 0).any(axis=0)
        if (more == reached).all():
            return np.flatnonzero(reached)
        reached = more
