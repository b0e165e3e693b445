"""What a sweep varies: `key=first:last:count`, evenly spaced, or `key=value,value,…`.

A key is a parameter of the protocol, or `chip.` and the way to a key of the chip's file: `chip.start.conductance`,
`chip.model.parameters.kp0`, `chip.network.seed`; `chip.terminal.2.radius` counts [[terminal]] tables from 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from nwlab.core.errors import UsageError
from nwlab.core.units import SYMBOLS, UnitError, parse, unit_of
from nwlab.protocol.parameters import TERMINAL, TEXT, Parameter

OF_CHIP = "chip."
WORDS = ""
"""Unit of values that are no numbers."""
_LARGEST = 1_000_000
_WRITTEN = "values are written first:last:count, as 1 V:3 V:5, or with commas"
_RANGE = re.compile(r"(.+):(.+):\s*(\d+)\s*")
_NUMBER = re.compile(r"[-+]?\.?\d")
_UNITS = ", ".join((*SYMBOLS, "1/s, 1/V, V/s and the like, with prefixes"))
_WHOLE = re.compile(r"\s*[-+]?\d+\s*")

Cell = str | int | float


@dataclass(frozen=True, slots=True)
class Axis:
    """One key and its values, in order: SI numbers, or words."""

    key: str
    unit: str  # of the numbers; "1" = plain ones
    values: tuple[Cell, ...]

    @property
    def is_of_chip(self) -> bool:
        """Whether it is a key of the chip's file, not a parameter of the protocol."""
        return self.key.startswith(OF_CHIP)

    @property
    def way(self) -> tuple[str, ...]:
        """The keys that lead to it in the chip's file."""
        return tuple(self.key.removeprefix(OF_CHIP).split("."))

    def in_file(self, value: Cell) -> Any:
        """Return a value as a chip's file has it."""
        if isinstance(value, str):
            return {"true": True, "false": False}.get(value, value)
        return value if self.unit == "1" else f"{value!r} {self.unit}"


def axis_of_protocol(parameter: Parameter, text: str) -> Axis:
    """Read the values of a protocol's parameter; raises UsageError for those that it cannot have."""
    name = parameter.name
    if parameter.unit in (TERMINAL, TEXT):
        return Axis(name, WORDS, tuple(parameter.given(each).value for each in _list(name, text)))
    try:
        numbers = _numbers(name, text, parameter.unit)
    except UnitError as error:
        raise UsageError(f"{name}: {_halved(text) or f'{error}{_hint(text)}'}") from error
    return Axis(name, parameter.unit, tuple(parameter.given(number).value for number in numbers))


def axis_of_chip(key: str, text: str) -> Axis:
    """Read the values of a key of a chip's file; raises UsageError for what cannot be read."""
    ends = _RANGE.fullmatch(text)
    written = [ends[1], ends[2]] if ends else _list(key, text)
    units = {unit_of(each.strip()) for each in written}
    if not ends and ":" in text and all(unit_of(each.strip()) for each in text.split(":")):
        raise UsageError(f"{key}: {_halved(text)}")
    if units == {None} and not ends:
        return Axis(key, WORDS, tuple(written))
    for each in map(str.strip, written):
        if unit_of(each) is None and _NUMBER.match(each):
            raise UsageError(f"{key}: {each!r} has a unit that is not known here, or is too large; units are {_UNITS}")
    if len(units) > 1 or None in units:
        raise UsageError(f"{key}: all values need the same unit, which {text!r} lacks{_hint(text)}")
    (unit,) = units
    assert unit is not None
    return Axis(key, unit, tuple(_numbers(key, text, unit)))


def _numbers(key: str, text: str, unit: str) -> list[int | float]:
    """Return SI numbers, whole ones where all are written so and stay so; raises UnitError."""
    ends = _RANGE.fullmatch(text)
    if ends is None:
        written = _list(key, text)
        numbers = [parse(each, unit) for each in written]
    else:
        written, count = [ends[1], ends[2]], int(ends[3])
        if not 1 <= count <= _LARGEST:
            raise UsageError(f"{key}: a sweep has 1 to {_LARGEST} values of a key, not {count}")
        first, last = (parse(each, unit) for each in written)
        numbers = [float(each) for each in np.linspace(first, last, count)]
    is_whole = unit == "1" and all(map(_WHOLE.fullmatch, written)) and all(each.is_integer() for each in numbers)
    return [int(each) for each in numbers] if is_whole else list(numbers)


def _list(key: str, text: str) -> list[str]:
    values = [each.strip() for each in text.split(",")]
    if not all(values):
        raise UsageError(f"{key}: one of the values in {text!r} is empty")
    return values


def _halved(text: str) -> str:
    """What to tell of a range that is none, before anything that is said of its colon; empty for what has none."""
    return f"{_WRITTEN}; {text!r} is neither" if ":" in text and not _RANGE.fullmatch(text) else ""


def _hint(text: str) -> str:
    return f"; {_WRITTEN}" if ":" in text else ""
