"""A chip that answers as fitted contacts do: one line of equal conductors on which each terminal sits at its share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from nwlab.analysis.chip_limits import chip_limits
from nwlab.analysis.chip_writer import quantity
from nwlab.analysis.network.following import Follower
from nwlab.analysis.recording import Recording

POINTS = 4000
"""Conductors of the line: shares are kept to 1/POINTS."""
OPEN_CONTACT = 1e12
"""Ohm, of a terminal that sees nothing of the voltage."""


def line_tables(
    source: str,
    sink: str,
    found: Sequence[Follower],
    conductance: float,
    capacitance: float,
    usual: float,
    record: Recording,
) -> dict[str, Any]:
    """Return a chip: a line of conductors, the source at its begin, the sink at its end, the others where they see."""
    taken = {0, POINTS}
    terminals: dict[str, dict[str, Any]] = {source: {"name": source, "node": 0}, sink: {"name": sink, "node": POINTS}}
    for each in found:
        node = round(POINTS * (1.0 - min(max(float(each.values[0]), 0.0), 1.0)))
        node = min((free for free in range(1, POINTS) if free not in taken), key=lambda free: abs(free - node))
        taken.add(node)
        resistance = each.time_constant(usual).value / capacitance if each.is_connected else OPEN_CONTACT
        terminals[each.name] = {
            "name": each.name,
            "node": node,
            "contact_resistance": quantity(resistance, "Ohm"),
            "capacitance": quantity(capacitance, "F"),
        }
    names = [name for name in record.terminals if name in terminals]
    return {
        "terminals": names,
        "limits": chip_limits([record], [record.trace(source, sink)]),
        "network": {"rows": 1, "columns": POINTS + 1, "diagonals": "none"},
        "terminal": [terminals[name] for name in names],
        "model": {
            "kind": "grid",
            "law": "fixed",
            "parameters": {"conductance": quantity(POINTS * conductance, "S")},
        },
    }
