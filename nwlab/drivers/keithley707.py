"""Keithley 707B and 708B switching matrices with 8 × 12 cards, spoken to in TSP.

Source: reference manual 707B-901-01, sections "Matrix card channel specifiers" and "TSP command reference".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from pymeasure.adapters import Adapter
from pymeasure.instruments import Instrument
from pymeasure.instruments.validators import strict_discrete_set

from nwlab.core.clock import Clock
from nwlab.core.errors import DriveError, InstrumentError
from nwlab.drivers.tsp import TspInstrument

Crosspoint = tuple[str, int]

SLOTS = {"707B": 6, "708B": 1}
ROWS = "ABCDEFGH"
COLUMNS = 12  # of one card
_PER_LINE = 50  # channels in one command
_NAME = re.compile(r"([1-6])([A-H])(0[1-9]|1[0-2])")


def name_of(crosspoint: Crosspoint) -> str:
    """Write (row, column) as the mainframe names it: ("A", 13) is slot 2's first column, "2A01"."""
    row, column = crosspoint
    slot, rest = divmod(column - 1, COLUMNS)
    return f"{slot + 1}{row}{rest + 1:02d}"


def crosspoint_of(name: str) -> Crosspoint:
    """Read a mainframe's name: "2A01" is ("A", 13).

    Raises ValueError.
    """
    found = _NAME.fullmatch(name)
    if not found:
        raise ValueError(f"{name!r} is no crosspoint")
    return found[2], (int(found[1]) - 1) * COLUMNS + int(found[3])


def crosspoints_of(reply: str) -> frozenset[Crosspoint]:
    """Read a list of crosspoints, separated by ; or ,; `nil` for none.

    Raises ValueError.
    """
    if reply == "nil":
        return frozenset()
    return frozenset(crosspoint_of(name) for name in re.split("[;,]", reply))


class Keithley707(TspInstrument):
    """A switching matrix whose columns are counted through all slots: 1 … 72, or 1 … 12 of a 708B.

    Connecting reads the identity and changes nothing. Fills the roles Matrix and Claimable.
    """

    def __init__(
        self,
        adapter: Adapter | str | int,
        name: str = "Keithley 707B",
        *,
        clock: Clock | None = None,
        settle: float = 0.02,  # s until reeds lie still
        **kwargs: Any,
    ) -> None:
        super().__init__(adapter, name, SLOTS, clock=clock, **kwargs)
        self.settle = settle
        self.columns = SLOTS[self.model] * COLUMNS

    connect_rule = Instrument.control(
        "print(channel.connectrule)",
        "channel.connectrule = %d",
        """Control the order in which one command moves relays: "off", "break before make" or "make before break".""",
        validator=strict_discrete_set,
        values={"off": 0, "break before make": 1, "make before break": 2},
        map_values=True,
        check_set_errors=True,
    )

    def close_crosspoints(self, crosspoints: Sequence[Crosspoint]) -> None:
        """Close relays and read them back; others stay as they are. Returns when they have settled.

        Raises DriveError for a crosspoint that the matrix lacks, InstrumentError when a relay did not follow.
        """
        self._command("channel.close", crosspoints)
        dead = frozenset(crosspoints) - self.closed_crosspoints()
        if dead:
            raise InstrumentError(0, f"{_names(dead)} did not close", self.where)

    def open_crosspoints(self, crosspoints: Sequence[Crosspoint]) -> None:
        """Open relays and read them back; others stay as they are. Returns when they have settled.

        Raises DriveError for a crosspoint that the matrix lacks, InstrumentError when a relay did not follow.
        """
        self._command("channel.open", crosspoints)
        stuck = frozenset(crosspoints) & self.closed_crosspoints()
        if stuck:
            raise InstrumentError(0, f"{_names(stuck)} did not open", self.where)

    def open_all(self) -> None:
        """Open every relay and read them back. Returns when they have settled. Raises InstrumentError."""
        self.insist('channel.open("allslots")')
        self._await()
        stuck = self.closed_crosspoints()
        if stuck:
            raise InstrumentError(0, f"{_names(stuck)} did not open", self.where)

    def closed_crosspoints(self) -> frozenset[Crosspoint]:
        """Read back which relays are closed. Raises WireError."""
        return self._ask_list('print(channel.getclose("allslots"))')

    def forbid(self, crosspoints: Sequence[Crosspoint]) -> None:
        """Let the mainframe itself refuse to close these from now on. Raises InstrumentError."""
        self._command("channel.setforbidden", crosspoints)

    def forbidden(self) -> frozenset[Crosspoint]:
        """Read back which crosspoints the mainframe refuses to close. Raises WireError."""
        return self._ask_list('print(channel.getforbidden("allslots"))')

    def set_delay(self, crosspoint: Crosspoint, seconds: float) -> None:
        """Let the mainframe wait so many s more after it closed this crosspoint. Raises InstrumentError."""
        self._check((crosspoint,))
        self.write(f'channel.setdelay("{name_of(crosspoint)}", {seconds:.9e})')
        self.check_errors()

    def delay(self, crosspoint: Crosspoint) -> float:
        """Read back the s that the mainframe waits more after it closed this crosspoint. Raises WireError."""
        self._check((crosspoint,))
        return self.values(f'print(channel.getdelay("{name_of(crosspoint)}"))')[0]

    def shutdown(self) -> None:
        """Open every relay."""
        self.open_all()
        super().shutdown()

    def _command(self, function: str, crosspoints: Sequence[Crosspoint]) -> None:
        self._check(crosspoints)
        names = [name_of(crosspoint) for crosspoint in crosspoints]
        for first in range(0, len(names), _PER_LINE):
            self.write(f'{function}("{",".join(names[first : first + _PER_LINE])}")')
        self._await()

    def _await(self) -> None:
        """Wait until the mainframe is done and the reeds lie still, and look for errors."""
        self.numbers("waitcomplete() print(1)", 1)
        self.check_errors()
        self.clock.sleep(self.settle)

    def _check(self, crosspoints: Sequence[Crosspoint]) -> None:
        for row, column in crosspoints:
            if len(row) != 1 or row not in ROWS or not 1 <= column <= self.columns:
                raise DriveError(
                    f"{self.where}: crosspoint {row}{column:02d} does not exist; "
                    f"a {self.model} has rows A … H and columns 1 … {self.columns}"
                )

    def _ask_list(self, command: str) -> frozenset[Crosspoint]:
        reply = self.ask(command).strip()
        try:
            return crosspoints_of(reply)
        except ValueError as error:
            raise self.strange(command, reply, str(error)) from None


def _names(crosspoints: frozenset[Crosspoint]) -> str:
    return ", ".join(f"{row}{column:02d}" for row, column in sorted(crosspoints))
