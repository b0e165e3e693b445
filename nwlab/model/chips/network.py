"""The network kinds of chip files: random wires, grids, graphs from a file, and the pads on them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from copy import copy
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.core.files import Table
from nwlab.model.chips.law import ChipLaw, read_law
from nwlab.model.chips.pads import read_pads
from nwlab.model.networks.network import Network
from nwlab.model.networks.pads import Mounted, Pad, attach

if TYPE_CHECKING:
    from nwlab.model.body import Body
    from nwlab.model.laws.law import Law
    from nwlab.model.network_film import NetworkFilm
    from nwlab.model.networks.statistics import Statistics

MakeNetwork = Callable[[], Network]

KINDS = ("network", "grid", "file")


class NetworkChip:
    """A network, its pads, its law; films of it share topology and spread, and differ in chance."""

    def __init__(self, table: Table, model: Table, terminals: tuple[str, ...]) -> None:
        """Read everything; nothing is built yet. Raises FileError."""
        kind, network = model.text("kind"), table.table("network")
        seed = network.integer("seed", None)
        self._seed = seed
        self._make = _READERS[kind](network)
        network.finish()
        self._table, self._model, self._law = table, model, read_law(model, table.path.parent)
        self._pads, self.contacts = read_pads(table, terminals)
        start = table.table("start")
        self._start = start.quantity("conductance", "S", self._law.start)
        start.finish()
        if not 0 <= self._start < math.inf:
            raise start.error("a film starts at a conductance of at least 0 S", "conductance")

    def behind(self, leads: Sequence[float]) -> NetworkChip:
        """Return the chip with so many Ohm more before each terminal, (terminals,)."""
        seen = copy(self)
        vars(seen).pop("body", None)
        seen.contacts = tuple(
            replace(contact, resistance=contact.resistance + lead)
            for contact, lead in zip(self.contacts, leads, strict=True)
        )
        return seen

    @property
    def law(self) -> ChipLaw:
        """The junction law."""
        return self._law

    @cached_property
    def network(self) -> Network:
        """The network without its pads; raises FileError when it cannot be built."""
        try:
            return self._make()
        except UsageError as error:
            raise self._table.error(str(error), "network") from error

    @cached_property
    def mounted(self) -> Mounted:
        """The network with its pads; raises FileError for a pad that touches nothing, or another's wire."""
        try:
            return attach(self.network, self._pads)
        except UsageError as error:
            raise self._table.error(str(error), "terminal" if "terminal" in self._table else "pads") from error

    @cached_property
    def body(self) -> Body:
        """The film's topology."""
        from nwlab.model.body import Body

        mounted = self.mounted
        resistance = np.array([contact.resistance for contact in self.contacts])
        return Body(
            len(self._pads),
            mounted.nodes,
            mounted.junctions,
            mounted.segments,
            mounted.segment_conductance,
            resistance,
        )

    @cached_property
    def statistics(self) -> Statistics:
        """What the network is like, without its pads."""
        from nwlab.model.networks.statistics import statistics

        return statistics(self.network)

    @property
    def pads(self) -> tuple[Pad, ...]:
        """The pads, in the order of the terminals."""
        return self._pads

    @property
    def places(self) -> FloatArray:
        """Where the pads lie, (pads, 2) m; one that names nodes lies in their middle. Raises FileError."""
        return self.mounted.extent[: len(self._pads), 0]

    def film(self, seed: int | None, noise: bool) -> NetworkFilm:
        """Make a fresh film; raises FileError for what cannot be built as the file says."""
        from nwlab.model.network_film import NetworkFilm

        body = self.body
        try:
            return NetworkFilm(body, self._laws(body.junctions, noise), self._start, self._capacitance, seed)
        except UsageError as error:
            raise self._model.error(str(error)) from error

    def fresh(self) -> FloatArray:
        """Return what each junction of the network conducts at first in S, (junctions,); NaN where a pad shorts it.

        Far quicker than making a film. Raises FileError.
        """
        found: FloatArray = np.full(len(self.network.junctions), np.nan)
        kept = self.mounted.kept
        try:
            law = self._laws(len(kept), noise=False)
            found[kept] = law.conductance(law.start(np.full(len(kept), self._start)))
        except UsageError as error:
            raise self._model.error(str(error)) from error
        return found

    def _laws(self, junctions: int, noise: bool) -> Law:
        return self._law.make(junctions, np.random.default_rng(0 if self._seed is None else self._seed), noise)

    @property
    def _capacitance(self) -> FloatArray:
        return np.array([contact.capacitance for contact in self.contacts])


def _seed(network: Table, why: str) -> int:
    if "seed" not in network:
        raise network.error(f"the key 'seed' is missing here: {why}, and the chip must be the same one tomorrow")
    seed = network.integer("seed")
    if seed < 0:
        raise network.error("a seed is a whole number of at least 0", "seed")
    return seed


def _wires(network: Table) -> MakeNetwork:
    from nwlab.model.networks.wires import RandomWires

    _seed(network, "wires fall at random")
    resistance = network.quantity("wire_resistance", "Ohm/m", 0.0)
    width = network.quantity("width", "m")
    try:
        wires = RandomWires(
            count=network.integer("count"),
            mean_length=network.quantity("mean_length", "m"),
            length_sd=network.quantity("length_sd", "m"),
            width=width,
            height=network.quantity("height", "m", width),
            seed=network.integer("seed"),
        )
    except UsageError as error:
        raise network.error(str(error)) from error
    if resistance < 0:
        raise network.error("the resistance of a wire is at least 0 Ohm/m", "wire_resistance")
    return (lambda: wires.segment_network(resistance)) if resistance else wires.network


def _grid(network: Table) -> MakeNetwork:
    from nwlab.model.networks.grid import Grid

    diagonals = network.choice("diagonals", ("random", "none", "both"), "random")
    if diagonals == "random":
        _seed(network, "diagonals are drawn at random")
    rows = network.integer("rows")
    try:
        grid = Grid(
            rows=rows,
            columns=network.integer("columns", rows),
            diagonals=diagonals,
            spacing=network.quantity("spacing", "m", 1e-6),
            seed=network.integer("seed", 0),
        )
    except UsageError as error:
        raise network.error(str(error)) from error
    return grid.network


def _file(network: Table) -> MakeNetwork:
    from nwlab.model.networks.graph_file import read_graph

    path = network.path.parent / network.text("path")
    return lambda: read_graph(path)


_READERS: dict[str, Callable[[Table], MakeNetwork]] = {"network": _wires, "grid": _grid, "file": _file}
