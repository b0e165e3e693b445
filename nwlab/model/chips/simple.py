"""The simple kinds of chip files: one junction between two terminals, and plain resistors."""

from __future__ import annotations

import math
from collections.abc import Sequence
from copy import copy
from dataclasses import replace

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.core.files import Table
from nwlab.model.chips.law import read_law, read_rate_balance
from nwlab.model.film import Film

_SPREAD_SEED = 0


class TwoTerminalChip:
    """A whole film as one junction.

    The rate balance has a film of its own, whose chance is exact also behind series resistors; other laws live on a
    network of one junction.
    """

    def __init__(self, table: Table, model: Table, terminals: tuple[str, ...]) -> None:
        """Read the file; raises FileError."""
        if len(terminals) != 2:
            raise table.error(f"a two-terminal chip has two terminals, not {len(terminals)}", "terminals")
        self._simple = model.text("law") == "rate-balance" and "spread" not in model
        self._law = read_law(model, table.path.parent)
        self.rates = read_rate_balance(model) if self._simple else None
        """The law of a film that is one rate balance; None for others."""
        start = table.table("start")
        self.start = start.quantity("conductance", "S", self._law.start)
        """S, in which it starts."""
        start.finish()
        if not 0 <= self.start < math.inf:
            raise start.error("a film starts at a conductance of at least 0 S", "conductance")
        self._model = model

    def film(self, seed: int | None, noise: bool) -> Film:
        """Make a fresh film; raises FileError where the law cannot start as the file says."""
        if self.rates is not None:
            from nwlab.model.two_terminal_film import TwoTerminalFilm

            law = self.rates if noise else replace(self.rates, noise=0.0, jumps=None)
            return TwoTerminalFilm(law, self.start, seed)
        try:
            return self._single_junction(seed, noise)
        except UsageError as error:
            raise self._model.error(str(error), "law") from error

    def _single_junction(self, seed: int | None, noise: bool) -> Film:
        from nwlab.model.body import Body
        from nwlab.model.network_film import NetworkFilm

        none = np.zeros((0, 2), dtype=np.int32)
        body = Body(2, 2, np.array([[0, 1]], dtype=np.int32), none, np.zeros(0), np.zeros(2))
        law = self._law.make(1, np.random.default_rng(_SPREAD_SEED), noise)
        return NetworkFilm(body, law, self.start, seed=seed)


class ResistorChip:
    """Plain resistors between terminals."""

    def __init__(self, table: Table, model: Table, terminals: tuple[str, ...]) -> None:
        """Read the file; raises FileError."""
        self._terminals = len(terminals)
        self.leads: FloatArray = np.zeros(len(terminals))
        self._resistors = [_resistor(entry, terminals) for entry in table.tables("resistor")]
        if not self._resistors:
            raise table.error("a resistor chip needs at least one [[resistor]] table with `between` and `resistance`")

    @property
    def matrix(self) -> FloatArray:
        """The conductance matrix between the terminals in S, (terminals, terminals): I = matrix · V."""
        matrix: FloatArray = np.zeros((self._terminals, self._terminals))
        for one, two, resistance in self._resistors:
            pair = [one, two]
            matrix[np.ix_(pair, pair)] += np.array([[1.0, -1.0], [-1.0, 1.0]]) / resistance
        if self.leads.any():  # voltages before them are V + R·I
            matrix = np.asarray(np.linalg.solve(np.eye(self._terminals) + matrix * self.leads, matrix), np.float64)
        return matrix

    def behind(self, leads: Sequence[float]) -> ResistorChip:
        """Return the chip with so many Ohm before each terminal, (terminals,); a film of it is that without them."""
        seen = copy(self)
        seen.leads = np.array(leads)
        return seen

    def film(self, seed: int | None, noise: bool) -> Film:
        """Make a film; neither seed nor noise changes it."""
        from nwlab.model.resistor_film import ResistorFilm

        return ResistorFilm(self._terminals, self._resistors)


def _resistor(table: Table, terminals: tuple[str, ...]) -> tuple[int, int, float]:
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
