"""The channel lists of Keithley switching systems: "1A01, 1A03:1B02; slot2".

Source: Models 707B and 708B Reference Manual (707B-901-01), "Channel list parameter for remote commands". A channel is
slot, row letter and two-digit column; channels run along rows; commas and semicolons part, a colon spans a range from
the lower to the higher channel.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence


class ChannelListError(Exception):
    """A list that means nothing on this instrument."""


class ChannelNames:
    """All channels of an instrument, in order."""

    def __init__(self, slots: int, rows: str, columns: int) -> None:
        self._columns, self._slots = columns, slots
        self.names = [
            f"{slot}{row}{column:02d}"
            for slot in range(1, slots + 1)
            for row in rows
            for column in range(1, columns + 1)
        ]
        self._order = {name: index for index, name in enumerate(self.names)}

    def place(self, name: str) -> tuple[str, int]:
        """Return the crosspoint (row, column) of a channel, columns counted on through the slots."""
        return name[1], (int(name[0]) - 1) * self._columns + int(name[2:])

    def name(self, crosspoint: tuple[str, int]) -> str:
        """Return the channel of a crosspoint: ("A", 13) is "2A01" where a slot has 12 columns."""
        row, column = crosspoint
        slot, rest = divmod(column - 1, self._columns)
        return f"{slot + 1}{row}{rest + 1:02d}"

    def of_slots_with(self, names: Sequence[str]) -> list[str]:
        """Return every channel of the slots in which these are."""
        slots = {name[0] for name in names}
        return [name for name in self.names if name[0] in slots]

    def expand(self, text: str, patterns: Mapping[str, Sequence[str]], *, whole: bool = True) -> list[str]:
        """Return the channels that a list names, each once, in the order named; `whole` allows slots.

        Raises ChannelListError saying which part is wrong.
        """
        found: dict[str, None] = {}
        for part in re.split(r"[,;]", text):
            found.update(dict.fromkeys(self._part(part.strip(), patterns, whole=whole)))
        return list(found)

    def _part(self, part: str, patterns: Mapping[str, Sequence[str]], *, whole: bool) -> Sequence[str]:
        if part in patterns:
            return patterns[part]
        if slots := re.fullmatch(r"(?i)allslots|slot(\d)", part):
            if not whole:
                raise ChannelListError(f"{part} cannot be used here")
            return self._slot(slots[1], part)
        first, colon, last = part.upper().partition(":")
        for name in (first, last or first):
            if name not in self._order:
                raise ChannelListError(f"invalid channel {name or 'list'}")
        if not colon:
            return [first]
        begin, end = self._order[first], self._order.get(last, -1)
        if end < begin:
            raise ChannelListError(f"invalid range {part}")
        return self.names[begin : end + 1]

    def _slot(self, number: str | None, part: str) -> Sequence[str]:
        if number is None:
            return self.names
        if not 1 <= int(number) <= self._slots:
            raise ChannelListError(f"invalid slot {part}")
        return [name for name in self.names if name[0] == number]
