"""A lab's own matter: `kind = "mychip.py:MyChip"` in a chip file."""

from __future__ import annotations

from typing import Any

from nwlab.core.files import Table
from nwlab.core.own_code import own_class
from nwlab.model.film import Film

_NEEDED = ("parameters", "advance", "conductances")


class OwnChip:
    """A class beside the chip file that is a Film (`nwlab.model.film`).

    It says what it needs, `parameters = {"resistance": "Ohm", …}` (name → unit), and is made as
    `MyChip(terminals, seed, noise, resistance=…)`: how many terminals, an int or None, whether it may fluctuate.
    """

    def __init__(self, table: Table, model: Table, terminals: tuple[str, ...]) -> None:
        """Read the file and load the class; raises FileError."""
        place = model.text("kind")
        self._class = own_class(place, table.path.parent)
        missing = [name for name in _NEEDED if not hasattr(self._class, name)]
        if missing:
            raise model.error(f"{place} is no film: it lacks {', '.join(missing)} (see nwlab.model.film)", "kind")
        values = model.table("parameters")
        self._values: dict[str, Any] = {
            name: values.quantity(name, unit) for name, unit in self._class.parameters.items()
        }
        values.finish()
        self._place, self._model, self._terminals = place, model, len(terminals)

    def film(self, seed: int | None, noise: bool) -> Film:
        """Make a fresh film; raises FileError when the lab's class fails."""
        try:
            return self._class(self._terminals, seed, noise, **self._values)
        except Exception as error:
            raise self._model.error(f"{self._place} cannot be made: {type(error).__name__}: {error}", "kind") from error
