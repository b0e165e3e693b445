"""What is known of a point of the chip."""

from __future__ import annotations

import numpy as np

from nwlab.live.chip.layout import ChipLayout
from nwlab.live.chip.plan import Plan
from nwlab.live.chip.state import ChipState
from nwlab.live.look.words import quantity

_NEAR = 5.0  # pixels


def told_at(layout: ChipLayout, laid: Plan, state: ChipState, x: float, y: float) -> str:
    """Return what is known of the terminal or junction at a pixel; empty where there is none."""
    away = np.hypot(*(laid.centres - (x, y)).T)
    nearest = int((away - laid.reach).argmin())
    if away[nearest] <= laid.reach[nearest] + 2:
        name = layout.names[nearest]
        return state.of(name).told(name)
    return _junction_at(layout, laid, x, y)


def _junction_at(layout: ChipLayout, laid: Plan, x: float, y: float) -> str:
    if layout.wires is None or not len(layout.wires.junctions):
        return ""
    away = np.hypot(*(layout.wires.places - laid.frame.metres(x, y)).T) * laid.frame.scale
    nearest = int(away.argmin())
    value = float(layout.wires.conductance[nearest])
    if away[nearest] > _NEAR or not np.isfinite(value):
        return ""
    return f"junction of the fresh chip: {quantity(value, 'S')}"
