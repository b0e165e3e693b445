"""A drive as a notebook shows it: what is forced where, and the levels over time."""

from __future__ import annotations

import numpy as np

from nwlab.core.drive import Drive, Force
from nwlab.core.envelope import Envelope
from nwlab.core.markup import card
from nwlab.core.svg import Panel, chart
from nwlab.core.units import duration, show

_MOST = 8
"""Forces that are drawn, each for itself: some are equal and would hide each other."""


def as_html(drive: Drive) -> str:
    """Return a table and a picture; terminals by their index, since only a chip has names for them."""
    return card(_title(drive), _facts(drive), _picture(drive))


def _title(drive: Drive) -> str:
    steps = f"{drive.steps} step{'s' if drive.steps > 1 else ''}"
    return f"Drive: {steps}, {duration(drive.duration)}{'' if drive.forces else ', nothing forced'}"


def _facts(drive: Drive) -> list[tuple[str, str]]:
    facts = [(_name(force), _levels(force)) for force in drive.forces]
    facts.append(("grounded", ", ".join(map(str, drive.ground))))
    facts.append(("dwell", _range(drive.dwell, "s")))
    facts.append(("read after", "" if drive.read_delay is None else _range(drive.read_delay, "s")))
    facts.append(("afterwards", "the last levels are held" if drive.hold else "rest"))
    return facts


def _name(force: Force) -> str:
    return f"terminal {force.terminal} → {'common' if force.low is None else force.low}"


def _levels(force: Force) -> str:
    unit, other = force.quantity.unit, force.quantity.other.unit
    parts = [_range(force.levels, unit), f"compliance {show(force.compliance, other)}"]
    if force.sense is not None:
        parts.append(f"sensed between {force.sense[0]} and {force.sense[1]}")
    if force.range is not None:
        parts.append(f"range {show(force.range, other)}")
    return ", ".join(parts)


def _range(values: np.ndarray, unit: str) -> str:
    low, high = float(values.min()), float(values.max())
    return show(low, unit) if low == high else f"{show(low, unit)} to {show(high, unit)}"


def _picture(drive: Drive) -> str:
    end = np.cumsum(drive.dwell)
    begin = end - drive.dwell
    panels: list[Panel] = []
    for force in drive.forces[:_MOST]:
        levels = Envelope()
        levels.add(begin, end, force.levels)
        panels.append(Panel(force.quantity.value, force.quantity.unit, [(_name(force), levels)], height=56))
    left_out = len(drive.forces) - len(panels)
    return chart(panels, float(end[-1])) + (f"<p>{left_out} more forces are not drawn</p>" if left_out else "")
