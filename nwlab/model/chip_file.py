"""Chip files: what a lab writes down about a chip, so that a model can stand in for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from nwlab.core.errors import FileError
from nwlab.core.files import Table, parse_toml, read_toml
from nwlab.core.limits import Limits, read_limits
from nwlab.core.markup import card
from nwlab.core.own_code import is_own
from nwlab.core.units import show
from nwlab.model.chips.network import KINDS as NETWORKS
from nwlab.model.chips.network import NetworkChip
from nwlab.model.chips.own import OwnChip
from nwlab.model.chips.simple import ResistorChip, TwoTerminalChip
from nwlab.model.film import Film
from nwlab.model.networks.sketch import sketch


class Matter(Protocol):
    """What a chip is made of, as its file says: makes films that are alike but for chance."""

    def film(self, seed: int | None, noise: bool) -> Film:
        """Make a fresh film; `seed` None = other chance each time."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class ChipFile:
    """A chip as its file describes it."""

    name: str
    about: str
    terminals: tuple[str, ...]
    limits: Limits
    seed: int | None  # of the chip's own randomness; None = other numbers each time
    kind: str
    path: Path
    text: str  # the file as it was read, for the record of a run
    matter: Matter
    fit: dict[str, Any]  # where it came from and how sure it is, as a fit wrote it; empty without one

    def film(self, seed: int | None = None, noise: bool = True) -> Film:
        """Make a fresh film in its starting state.

        `seed` None = the file's own; without `noise` the film neither fluctuates nor jumps. Raises FileError for a
        network that cannot be built as its file says.
        """
        return self.matter.film(self.seed if seed is None else seed, noise)

    def behind(self, leads: Sequence[float]) -> ChipFile:
        """Return the chip as it is seen through leads, Ohm before each terminal.

        A film that is one rate balance, or made by somebody's own class, is returned as it is.
        """
        matter = self.matter
        if not isinstance(matter, NetworkChip | ResistorChip) or not any(leads):
            return self
        return replace(self, matter=matter.behind(leads))

    def _repr_html_(self) -> str:
        """Return what a notebook shows: what the file says, and how a network lies on the chip."""
        facts = [
            ("about", self.about),
            ("file", str(self.path)),
            ("kind", self.kind),
            ("terminals", ", ".join(self.terminals)),
            ("limits", f"{show(self.limits.voltage, 'V')}, {show(self.limits.current, 'A')}"),
            ("seed", "" if self.seed is None else str(self.seed)),
        ]
        if not isinstance(self.matter, NetworkChip):
            return card(f"Chip {self.name}", facts)
        try:
            network = self.matter.network
        except FileError as error:
            return card(f"Chip {self.name}", [*facts, ("network", str(error))])
        facts += [
            ("law", self.matter.law.name),
            ("network", f"{network.nodes} nodes, {len(network.junctions)} junctions"),
        ]
        return card(f"Chip {self.name}", facts, sketch(network, self.matter.pads))


def load_chip(path: str | Path) -> ChipFile:
    """Read a chip file; raises FileError with file, line and key."""
    table = read_toml(path)
    return _chip(table, table.path.read_text(encoding="utf-8"))


def parse_chip(text: str, path: str | Path, changes: Iterable[tuple[Sequence[str], Any]] = ()) -> ChipFile:
    """Turn the text of a chip file into a chip; `path` is where it stood. Raises FileError with file, line and key.

    `changes` are keys, each with the way that leads to it, and the values that they have instead of the file's.
    """
    table = parse_toml(text, path)
    for way, value in changes:
        table.put(way, value)
    return _chip(table, text)


def _chip(table: Table, text: str) -> ChipFile:
    terminals = _terminals(table)
    model = table.table("model")
    kind = model.text("kind")
    if not is_own(kind):
        model.choice("kind", _KINDS)
    seed = table.integer("seed", None)
    if seed is not None and seed < 0:
        raise table.error("a seed is a whole number of at least 0", "seed")
    chip = ChipFile(
        name=table.text("name"),
        about=table.text("about", ""),
        terminals=terminals,
        limits=read_limits(table.table("limits")),
        seed=seed,
        kind=kind,
        path=table.path,
        text=text,
        matter=_KINDS.get(kind, OwnChip)(table, model, terminals),
        fit=table.table("fit").plain(),
    )
    model.finish()
    table.finish()
    return chip


def _terminals(table: Table) -> tuple[str, ...]:
    terminals = table.texts("terminals")
    if len(terminals) < 2:
        raise table.error("a chip has at least two terminals", "terminals")
    for name in terminals:
        if not name or terminals.count(name) > 1:
            raise table.error(f"each terminal needs a name of its own, but {name!r} is not one", "terminals")
    return terminals


_KINDS: dict[str, Callable[[Table, Table, tuple[str, ...]], Matter]] = {
    "two-terminal": TwoTerminalChip,
    "resistor": ResistorChip,
    **dict.fromkeys(NETWORKS, NetworkChip),
}
