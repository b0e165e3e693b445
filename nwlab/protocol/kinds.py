"""Kinds of step arguments: the annotation of a step's parameter says how its text in a file is read."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

if TYPE_CHECKING:
    from nwlab.core.drive import Drive
    from nwlab.core.expect import Expect
    from nwlab.core.result import Result

    # is sent the Reading of a Drive, the Expectation of an Expect, nothing for a Result
    Play = Generator[Drive | Expect | Result, Any, None]
else:
    Play = Generator


@dataclass(frozen=True, slots=True)
class Unit:
    """A quantity in this unit, SI inside."""

    symbol: str


@dataclass(frozen=True, slots=True)
class TerminalName:
    """A name from the chip file in files, an index inside."""


Volts = Annotated[float, Unit("V")]
Amps = Annotated[float, Unit("A")]
Seconds = Annotated[float, Unit("s")]
Siemens = Annotated[float, Unit("S")]
Ohms = Annotated[float, Unit("Ohm")]
Terminal = Annotated[int, TerminalName()]
