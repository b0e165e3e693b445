"""Where a chip file puts terminals on a network, and what stands between pad and terminal."""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.core.errors import AskedError
from nwlab.core.files import Table
from nwlab.model.networks.pads import Pad

LAYOUTS = ("circle", "square", "array")


@dataclass(frozen=True, slots=True, eq=False)
class Contact:
    """What stands between a pad and its terminal."""

    resistance: float  # Ohm
    capacitance: float  # F from the terminal to common


def read_pads(table: Table, terminals: tuple[str, ...]) -> tuple[tuple[Pad, ...], tuple[Contact, ...]]:
    """Read `[pads]`, one layout for all, or `[[terminal]]`, one table each; raises FileError."""
    if "pads" in table and "terminal" in table:
        raise table.error("write either [pads] or [[terminal]] tables, not both", "pads")
    if "pads" in table:
        return _layout(table.table("pads"), terminals)
    entries = {entry.text("name"): entry for entry in table.tables("terminal")}
    for name, entry in entries.items():
        if name not in terminals:
            raise entry.error(f"the chip has no terminal {name!r}; it has {', '.join(terminals)}", "name")
    missing = [name for name in terminals if name not in entries]
    if missing:
        raise table.error(
            f"terminal {missing[0]!r} lies nowhere: give it a [[terminal]] table with name, position and radius, "
            "or write one [pads] table for all"
        )
    read = [_terminal(entries[name]) for name in terminals]
    return tuple(pad for pad, _ in read), tuple(contact for _, contact in read)


def _terminal(entry: Table) -> tuple[Pad, Contact]:
    name, nodes = entry.text("name"), _nodes(entry)
    position = _point(entry, "position") if "position" in entry or nodes is None else (0.0, 0.0)
    radius = entry.quantity("radius", "m", 0.0)
    contact = _contact(entry)
    entry.finish()
    try:
        return Pad(name, position, radius, nodes), contact
    except AskedError as error:
        raise entry.error(str(error)) from error


def _nodes(entry: Table) -> tuple[int, ...] | None:
    """Return the nodes that a terminal names instead of a position."""
    value = entry.raw("node", None)
    if value is None:
        return None
    nodes = tuple(value) if isinstance(value, list) else (value,)
    if not nodes or not all(type(node) is int for node in nodes):
        raise entry.error(f"needs the number of a node, or a list of numbers, not {value!r}", "node")
    return nodes


def _point(table: Table, key: str) -> tuple[float, float]:
    value = table.raw(key)
    if not isinstance(value, list) or len(value) != 2:
        raise table.error(f'needs two lengths, for example ["10 um", "20 um"], not {value!r}', key)
    return table.convert(value[0], "m", key), table.convert(value[1], "m", key)


def _contact(table: Table) -> Contact:
    contact = Contact(table.quantity("contact_resistance", "Ohm", 0.0), table.quantity("capacitance", "F", 0.0))
    for key, value in (("contact_resistance", contact.resistance), ("capacitance", contact.capacitance)):
        if value < 0:
            raise table.error("cannot be negative", key)
    return contact


def _layout(pads: Table, terminals: tuple[str, ...]) -> tuple[tuple[Pad, ...], tuple[Contact, ...]]:
    from nwlab.model.networks import pads as layouts

    kind, centre = pads.choice("layout", LAYOUTS), _point(pads, "centre")
    count = len(terminals)
    if kind == "circle":
        positions = layouts.circle(count, pads.quantity("distance", "m"), centre)
    elif kind == "square":
        positions = layouts.square(count, pads.quantity("side", "m"), centre)
    else:
        rows = pads.integer("rows")
        if rows < 1 or count % rows:
            raise pads.error(f"{count} terminals do not fill {rows} equal rows", "rows")
        positions = layouts.array(rows, count // rows, pads.quantity("pitch", "m"), centre)
    radius, contact = pads.quantity("radius", "m"), _contact(pads)
    pads.finish()
    try:
        made = tuple(
            Pad(name, (float(x), float(y)), radius, None) for name, (x, y) in zip(terminals, positions, strict=True)
        )
    except AskedError as error:
        raise pads.error(str(error)) from error
    return made, (contact,) * count
