"""How a chip lies on the table: where its terminals are, and what lies between them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from nwlab.core.drive import FloatArray
from nwlab.core.errors import AskedError
from nwlab.core.files import Table, parse_toml
from nwlab.core.record import Document
from nwlab.model.chip_file import ChipFile
from nwlab.model.chips.network import KINDS, NetworkChip
from nwlab.model.chips.pads import read_pads
from nwlab.model.networks.pads import circle
from nwlab.plot.network_picture import crossing


@dataclass(frozen=True, eq=False)
class Wires:
    """A network between the terminals, as long as nobody has measured."""

    extent: FloatArray  # (nodes, 2, 2) m, both ends of each wire; equal where a node is a point
    junctions: NDArray[np.int32]  # (junctions, 2) nodes
    conductance: FloatArray  # (junctions,) S; NaN is not drawn

    @cached_property
    def places(self) -> FloatArray:
        """Where junctions lie, (junctions, 2) m: where wires cross, or in the middle between points."""
        return crossing(self.extent[self.junctions[:, 0]], self.extent[self.junctions[:, 1]])


@dataclass(frozen=True, slots=True, eq=False)
class ChipLayout:
    """Terminals in the plane, y upwards."""

    names: tuple[str, ...]
    position: FloatArray  # (terminals, 2) m
    radius: FloatArray  # (terminals,) m; 0 where a terminal is a point
    is_to_scale: bool = False  # whether places are those of the chip; otherwise the terminals lie on a circle
    wires: Wires | None = None

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, right, bottom and top in m of all that lies there."""
        reach = np.stack([self.position - self.radius[:, None], self.position + self.radius[:, None]])
        points = reach.reshape(-1, 2)
        if self.wires is not None:
            points = np.concatenate([points, self.wires.extent.reshape(-1, 2)])
        (left, bottom), (right, top) = points.min(axis=0), points.max(axis=0)
        return float(left), float(right), float(bottom), float(top)


def on_circle(terminals: tuple[str, ...]) -> ChipLayout:
    """Lay terminals evenly on a circle, counter-clockwise from the right; two lie as one reads."""
    places = circle(len(terminals), 1.0, (0.0, 0.0))
    return ChipLayout(terminals, -places if len(terminals) == 2 else places, np.zeros(len(terminals)))


def sketch(document: Document | None, terminals: tuple[str, ...]) -> ChipLayout:
    """Lay terminals where a chip file says, on a circle where it says nothing; without a network, at once.

    `terminals` are those of the run, in its order. Whatever is wrong with the file, there is a layout.
    """
    places = None if document is None else _places(document, terminals)
    if places is None:
        return on_circle(terminals)
    return ChipLayout(terminals, *places, is_to_scale=True)


def has_network(document: Document | None) -> bool:
    """Whether a chip file describes a network, which takes a while to build."""
    try:
        return document is not None and _table(document).table("model").text("kind") in KINDS
    except AskedError:
        return False


def of_chip(chip: ChipFile, terminals: tuple[str, ...]) -> ChipLayout | None:
    """Build the network of a chip and lay it out; None when it has none, or other terminals.

    Compiles the network's loops where no program has done so before: some ten seconds. Raises FileError.
    """
    matter = chip.matter
    if not isinstance(matter, NetworkChip) or not set(terminals) <= set(chip.terminals):
        return None
    order = [chip.terminals.index(name) for name in terminals]
    radius = np.array([pad.radius for pad in matter.pads])
    wires = Wires(matter.network.extent, matter.network.junctions, matter.fresh())
    return ChipLayout(terminals, matter.places[order], radius[order], is_to_scale=True, wires=wires)


def _places(document: Document, terminals: tuple[str, ...]) -> tuple[FloatArray, FloatArray] | None:
    """Return where the terminals lie and their radii; None unless the file says so for each."""
    try:
        table = _table(document)
        pads = {pad.name: pad for pad in read_pads(table, table.texts("terminals"))[0]}
    except AskedError:
        return None
    found = [pads[name] for name in terminals if name in pads and pads[name].nodes is None]
    if not found or len(found) < len(terminals):
        return None
    return np.array([pad.position for pad in found]), np.array([pad.radius for pad in found])


def _table(document: Document) -> Table:
    return parse_toml(document.text, document.path)
