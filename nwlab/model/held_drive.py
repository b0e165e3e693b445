"""Which drives only hold terminals at voltages, and how a network plays them in compiled code.

Theory of operation
    Ideal voltage sources tie terminals, and common, into clusters. When there is one cluster without a ring, every
    potential in it follows from the levels, and every source's current from those of the terminals: cutting a source
    cuts the cluster in two, and it carries what flows into the film on its side. A force of 0 A is a voltmeter.
"""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import BoolArray, Drive, FloatArray, Force, Quantity
from nwlab.model.held import HeldFilm, is_compiled
from nwlab.model.network_film import NetworkFilm

_Link = tuple[int, int]  # HI, LO


class HeldDrive:
    """One drive on one film; a Staircase."""

    def __init__(self, drive: Drive, cluster: _Cluster, held: HeldFilm) -> None:
        self._drive, self._held = drive, held
        self._share = cluster.share
        self._levels = self.potentials(_levels(drive))
        self._is_source = _sources(drive)
        self._delay = np.zeros(drive.steps) if drive.read_delay is None else drive.read_delay

    def play(self, first: int, end: int) -> tuple[FloatArray, FloatArray]:
        """Play steps; return mean voltages and currents, (steps, forces)."""
        steps = slice(first, end)
        voltage, current = self.hold(self._levels[steps], self._drive.dwell[steps], self._delay[steps])
        for column in np.flatnonzero(self._is_source):
            voltage[:, column] = self._drive.forces[column].levels[first : first + len(voltage)]
        return voltage, current

    def potentials(self, levels: FloatArray) -> FloatArray:
        """Return the potential of each port in V, (steps, ports), for levels of all voltage sources, grounds last."""
        return levels @ self._share

    def hold(self, potentials: FloatArray, dwell: FloatArray, delay: FloatArray) -> tuple[FloatArray, FloatArray]:
        """Hold ports at potentials (steps, ports) V; return means, (steps, forces): V of voltmeters, A of the others.

        `dwell` and `delay` are (steps,) s; otherwise as `play`.
        """
        means = self._held.play(potentials, dwell, delay)
        ports, sources = len(self._held.ports), np.flatnonzero(self._is_source)
        voltage = np.zeros((len(means), self._is_source.size))
        current = np.zeros_like(voltage)
        current[:, sources] = means[:, :ports] @ self._share[: len(sources)].T
        voltage[:, ~self._is_source] = means[:, ports:]
        return voltage, current


def held_drive(film: NetworkFilm, drive: Drive) -> HeldDrive | None:
    """Return how to play a drive in compiled code, or None when it must be played step by step."""
    if not is_compiled(film.law) or film.capacitance.any() or not all(map(_is_plain, drive.forces)):
        return None
    cluster = _cluster(film.terminals, drive)
    if cluster is None:
        return None
    meters = tuple((force.terminal, force.low) for force in drive.forces if force.quantity is Quantity.CURRENT)
    ends = {terminal for pair in meters for terminal in pair if terminal is not None}
    if not cluster.has_common and any(low is None for _, low in meters):
        return None
    limits = [force.compliance for force in drive.forces if force.quantity is Quantity.VOLTAGE]
    ceiling = [force.compliance for force in drive.forces if force.quantity is Quantity.CURRENT]
    limit = np.array(limits + [np.inf] * len(drive.ground))
    held = HeldFilm(film, cluster.ports, cluster.share, limit, meters, np.array(ceiling))
    return HeldDrive(drive, cluster, held) if all(map(held.can_read, ends)) else None


def _is_plain(force: Force) -> bool:
    """Whether a force is a voltage source, or a voltmeter."""
    return force.quantity is Quantity.VOLTAGE or (force.sense is None and not force.levels.any())


def _sources(drive: Drive) -> BoolArray:
    return np.array([force.quantity is Quantity.VOLTAGE for force in drive.forces], dtype=np.bool_)


class _Cluster:
    """Terminals that voltage sources tie together, each source one branch of a tree."""

    def __init__(self, nodes: list[int], links: list[_Link], common: int) -> None:
        self.has_common = common in nodes
        root = common if self.has_common else nodes[0]
        incidence = np.zeros((len(nodes), len(links)))
        for index, (hi, lo) in enumerate(links):
            incidence[nodes.index(hi), index], incidence[nodes.index(lo), index] = 1, -1
        rows = [row for row, node in enumerate(nodes) if node != root]
        self.is_tree = len(rows) == len(links) == int(np.linalg.matrix_rank(incidence))
        inverse = np.rint(np.linalg.inv(incidence[rows])) if self.is_tree else np.zeros((len(links), len(rows)))
        ports = [row for row, node in enumerate(nodes) if node != common]
        self.ports = tuple(nodes[row] for row in ports)
        everywhere = np.zeros((len(links), len(nodes)))
        everywhere[:, rows] = inverse
        self.share: FloatArray = np.ascontiguousarray(everywhere[:, ports])  # (sources, ports)


def _levels(drive: Drive) -> FloatArray:
    """Return the levels of all voltage sources, grounds last, (steps, sources) V."""
    levels = [force.levels for force in drive.forces if force.quantity is Quantity.VOLTAGE]
    levels += [np.zeros(drive.steps)] * len(drive.ground)
    return np.stack(levels, axis=1)


def _cluster(common: int, drive: Drive) -> _Cluster | None:
    """Return the cluster when there is exactly one and it is a tree; forces first, then grounds."""
    sources = [force for force in drive.forces if force.quantity is Quantity.VOLTAGE]
    links = [(force.terminal, common if force.low is None else force.low) for force in sources]
    links += [(terminal, common) for terminal in drive.ground]
    nodes = sorted({node for link in links for node in link})
    if not links:
        return None
    cluster = _Cluster(nodes, links, common)
    return cluster if cluster.is_tree else None
