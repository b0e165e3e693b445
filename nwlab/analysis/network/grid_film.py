"""The grid graph that a fit takes for a film: points, pads, contacts.

Montano, Milano, Ricciardi, Neuromorph. Comput. Eng. 2022, 10.1088/2634-4386/ac4d86: 21 × 21 points with one diagonal
per cell, and 82 Ω of read-out resistance before each of two of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from nwlab.analysis.chip_writer import quantity
from nwlab.analysis.given import given_number
from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.body import Body
from nwlab.model.networks.grid import Grid
from nwlab.model.networks.pads import Pad, attach

_SPACING = 50e-6
"""m between points; counts for nothing but pictures."""


@dataclass(frozen=True, slots=True)
class GridFilm:
    """A square grid between two pads; node size·x + y. Raises UsageError where it cannot be built."""

    size: int = 21
    diagonals_seed: int = 2
    source_node: int = 31
    sink_node: int = 409
    contact_resistance: float = 82.0  # Ohm before each pad

    def body(self) -> Body:
        """Return its nodes and edges, the source first."""
        grid = Grid(self.size, self.size, "random", _SPACING, self.diagonals_seed)
        pads = [Pad(name, (0.0, 0.0), 0.0, (node,)) for name, node in self._pads("source", "sink")]
        mounted = attach(grid.network(), pads)
        contacts: FloatArray = np.full(2, self.contact_resistance)
        return Body(2, mounted.nodes, mounted.junctions, mounted.segments, mounted.segment_conductance, contacts)

    def tables(self, source: str, sink: str) -> dict[str, Any]:
        """Return the same as tables of a chip file."""
        network = {
            "rows": self.size,
            "columns": self.size,
            "diagonals": "random",
            "spacing": quantity(_SPACING, "m"),
            "seed": self.diagonals_seed,
        }
        contact = quantity(self.contact_resistance, "Ohm")
        terminals = [
            {"name": name, "node": node, "contact_resistance": contact} for name, node in self._pads(source, sink)
        ]
        return {"network": network, "terminal": terminals}

    def _pads(self, source: str, sink: str) -> tuple[tuple[str, int], tuple[str, int]]:
        return (source, self.source_node), (sink, self.sink_node)


def grid_film(given: Mapping[str, str]) -> tuple[GridFilm, dict[str, str]]:
    """Read what is said of the grid among what is given, and return the rest; raises UsageError."""
    rest = dict(given)
    said: dict[str, Any] = {}
    for key in ("size", "diagonals_seed", "source_node", "sink_node"):
        if key in rest:
            said[key] = _whole(key, rest.pop(key))
    if "contact_resistance" in rest:
        said["contact_resistance"] = _resistance(rest.pop("contact_resistance"))
    return GridFilm(**said), rest


def _resistance(text: str) -> float:
    ohms = given_number("contact_resistance", text, "Ohm")
    if ohms < 0:
        raise UsageError(f"--set contact_resistance: it is at least 0 Ohm, not {text}")
    return ohms


def _whole(key: str, text: str) -> int:
    if not text.isdecimal():
        raise UsageError(f"{key} must be a whole number of at least 0, not {text!r}")
    return int(text)
