"""A network as it lies on the chip, as SVG text: for notebooks, quick, without what its junctions conduct."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.markup import escaped
from nwlab.core.svg import HUES
from nwlab.model.networks.network import Network
from nwlab.model.networks.pads import Pad

_SIDE, _MARGIN = 420, 16  # px
_MOST = 7000
"""Lines: about 180 kB of text. In a larger network nothing could be told apart."""
_POINT = 7.0  # px, radius of a pad that is a node


def sketch(network: Network, pads: Sequence[Pad]) -> str:
    """Return wires, or edges between points, and the pads; empty when there are too many of them."""
    is_wire = (network.extent[:, 0] != network.extent[:, 1]).any(axis=1)
    lines = network.extent[is_wire] if is_wire.any() else network.position[network.junctions]
    if len(lines) > _MOST:
        return ""
    places = np.array([_place(network, pad) for pad in pads])
    view = _View(np.concatenate([network.extent.reshape(-1, 2), places]))
    drawn = "".join(f"M{view.at(start)}L{view.at(end)}" for start, end in lines)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {view.width} {view.height}" width="{view.width}" '
        f'height="{view.height}" font-family="sans-serif" font-size="11" fill="currentColor">\n'
        f'<path d="{drawn}" stroke="currentColor" stroke-opacity="0.4" stroke-width="0.6" fill="none"/>\n'
        f"{''.join(_pad(view, pad, place) for pad, place in zip(pads, places, strict=True))}\n</svg>"
    )


class _View:
    """Places on the chip as places in the picture; y grows upwards."""

    def __init__(self, places: FloatArray) -> None:
        self._low, high = places.min(axis=0), places.max(axis=0)
        size = high - self._low
        self.scale = (_SIDE - 2 * _MARGIN) / float(size.max() or 1.0)
        self.width, self.height = (int(2 * _MARGIN + side * self.scale) for side in size)

    def at(self, place: FloatArray) -> str:
        x, y = (place - self._low) * self.scale + _MARGIN
        return f"{x:.1f} {self.height - y:.1f}"


def _pad(view: _View, pad: Pad, place: FloatArray) -> str:
    x, y = view.at(place).split()
    radius = pad.radius * view.scale or _POINT
    return (
        f'<circle cx="{x}" cy="{y}" r="{radius:.1f}" fill="{HUES[4]}" fill-opacity="0.6"/>'
        f'<text x="{x}" y="{float(y) + 4:.1f}" text-anchor="middle">{escaped(pad.name)}</text>'
    )


def _place(network: Network, pad: Pad) -> FloatArray:
    """A pad that names nodes lies in their middle."""
    return np.array(pad.position) if pad.nodes is None else network.position[list(pad.nodes)].mean(axis=0)
