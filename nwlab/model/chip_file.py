"""Chip files: what a lab writes down about a chip, so that a model can stand in for it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from nwlab.core.errors import AskedError
from nwlab.core.files import Table, read_toml
from nwlab.core.limits import Limits, read_limits
from nwlab.model.film import Film
from nwlab.model.jumps import Jumps
from nwlab.model.laws import LAWS
from nwlab.model.rate_balance import RateBalance

MakeFilm = Callable[[int | None, bool], Film]
"""Seed and whether it fluctuates → a fresh film."""


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
    make: MakeFilm

    def film(self, seed: int | None = None, noise: bool = True) -> Film:
        """Make a fresh film in its starting state.

        `seed` None = the file's own; without `noise` the film neither fluctuates nor jumps.
        """
        return self.make(self.seed if seed is None else seed, noise)


def load_chip(path: str | Path) -> ChipFile:
    """Read a chip file; raises FileError with file, line and key."""
    table = read_toml(path)
    terminals = _terminals(table)
    model = table.table("model")
    kind = model.choice("kind", _KINDS)
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
        text=table.path.read_text(encoding="utf-8"),
        make=_KINDS[kind](table, model, terminals),
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


def _two_terminal(table: Table, model: Table, terminals: tuple[str, ...]) -> MakeFilm:
    if len(terminals) != 2:
        raise table.error(f"a two-terminal chip has two terminals, not {len(terminals)}", "terminals")
    model.choice("law", LAWS)
    law = _law(model)
    start = table.table("start")
    conductance = start.quantity("conductance", "S", law.g_min)
    start.finish()
    if not 0 <= conductance < math.inf:
        raise start.error("a film starts at a conductance of at least 0 S", "conductance")

    def make(seed: int | None, noise: bool) -> Film:
        from nwlab.model.two_terminal_film import TwoTerminalFilm

        return TwoTerminalFilm(law if noise else replace(law, noise=0.0, jumps=None), conductance, seed)

    return make


def _law(model: Table) -> RateBalance:
    values = model.table("parameters")
    jumps = _jumps(model.table("jumps")) if "jumps" in model else None
    read = {key: values.quantity(key, unit) for key, unit in _PARAMETERS.items()}
    noise = values.quantity("noise", "1/sqrt(s)", 0.0)
    values.finish()
    try:
        return RateBalance(**read, noise=noise, jumps=jumps)
    except AskedError as error:
        raise values.error(str(error)) from error


def _jumps(table: Table) -> Jumps:
    rate, exponent = table.quantity("rate", "1/s"), table.quantity("exponent", "1")
    smallest, largest = table.quantity("smallest", "1"), table.quantity("largest", "1")
    table.finish()
    try:
        return Jumps(rate, exponent, smallest, largest)
    except AskedError as error:
        raise table.error(str(error)) from error


def _resistor(table: Table, model: Table, terminals: tuple[str, ...]) -> MakeFilm:
    resistors = [_one_resistor(entry, terminals) for entry in table.tables("resistor")]
    if not resistors:
        raise table.error("a resistor chip needs at least one [[resistor]] table with `between` and `resistance`")

    def make(seed: int | None, noise: bool) -> Film:
        from nwlab.model.resistor_film import ResistorFilm

        return ResistorFilm(len(terminals), resistors)

    return make


def _one_resistor(table: Table, terminals: tuple[str, ...]) -> tuple[int, int, float]:
    between = table.texts("between")
    resistance = table.quantity("resistance", "Ohm")
    table.finish()
    if len(between) != 2 or between[0] == between[1]:
        raise table.error(f"needs two different terminals, not {', '.join(between) or 'none'}", "between")
    for name in between:
        if name not in terminals:
            raise table.error(f"the chip has no terminal {name!r}; it has {', '.join(terminals)}", "between")
    if not resistance > 0:
        raise table.error("a resistance is more than 0 Ohm", "resistance")
    return terminals.index(between[0]), terminals.index(between[1]), resistance


_PARAMETERS = {"kp0": "1/s", "kd0": "1/s", "eta_p": "1/V", "eta_d": "1/V", "g_min": "S", "g_max": "S"}
_KINDS: dict[str, Callable[[Table, Table, tuple[str, ...]], MakeFilm]] = {
    "two-terminal": _two_terminal,
    "resistor": _resistor,
}
