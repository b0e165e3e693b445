"""Parameters of a protocol file: a value with its unit, bounds, and a line of help."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any

from nwlab.core.errors import UsageError
from nwlab.core.files import Table
from nwlab.core.units import UnitError, parse, show, unit_of

TERMINAL = "terminal"
TEXT = "text"


@dataclass(frozen=True, slots=True)
class Parameter:
    """One parameter. `unit` is a unit symbol, "1", "terminal" or "text"; `value` is SI."""

    name: str
    unit: str
    value: Any
    low: float | None = None
    high: float | None = None
    help: str = ""

    def given(self, value: Any) -> Parameter:
        """Return the parameter with another value, a text with unit or an SI number; raises UsageError."""
        try:
            converted = self._convert(value)
            self._check(converted)
        except UnitError as error:
            raise UsageError(f"parameter {self.name}: {error}") from error
        return Parameter(self.name, self.unit, converted, self.low, self.high, self.help)

    def fault(self, value: Any) -> str:
        """Return what is wrong with a value, a text with unit or an SI number; empty when nothing is."""
        try:
            self._check(self._convert(value))
        except UnitError as error:
            return str(error)
        return ""

    def shown(self) -> str:
        """Return the value as a person would write it."""
        return f"{self.value}" if self.unit in (TERMINAL, TEXT) else show(float(self.value), self.unit, 6)

    def _convert(self, value: Any) -> Any:
        if self.unit in (TERMINAL, TEXT):
            return str(value)
        number = parse(value, self.unit) if isinstance(value, str) else _finite(value)
        if isinstance(self.value, int):
            if number != int(number):
                raise UnitError(f"{value!r} is not a whole number")
            return int(number)
        return number

    def _check(self, value: Any) -> None:
        if self.low is not None and value < self.low:
            raise UnitError(f"{show(value, self.unit)} is below its minimum {show(self.low, self.unit)}")
        if self.high is not None and value > self.high:
            raise UnitError(f"{show(value, self.unit)} is above its maximum {show(self.high, self.unit)}")


def _finite(value: Any) -> float:
    """Return a number that a 64-bit whole number or a float can hold; raises UnitError."""
    if not abs(value) <= sys.float_info.max or (isinstance(value, int) and abs(value) >= 1 << 63):
        raise UnitError(f"{value!r} is not a finite number")
    return float(value)


def read_parameters(table: Table) -> dict[str, Parameter]:
    """Read `[parameters]` of a protocol file; raises FileError."""
    return {name: read_parameter(name, table.table(name)) for name in table.keys()}  # noqa: SIM118 - a Table is no dict


def read_parameter(name: str, table: Table) -> Parameter:
    """Read one entry of `[parameters]`; raises FileError."""
    raw = table.raw("value")
    unit = _unit(raw, table)
    plain = Parameter(
        name,
        unit,
        raw if unit in (TERMINAL, TEXT) or isinstance(raw, int) else table.convert(raw, unit, "value"),
        None if "min" not in table else table.quantity("min", unit),
        None if "max" not in table else table.quantity("max", unit),
        table.text("help", ""),
    )
    table.finish()
    try:
        return plain.given(plain.value)
    except UsageError as error:
        raise table.error(str(error), "value") from error


def _unit(raw: Any, table: Table) -> str:
    kind = table.choice("kind", (TERMINAL, TEXT, "quantity"), "quantity")
    if kind != "quantity":
        return kind
    if isinstance(raw, int | float) and not isinstance(raw, bool):
        return "1"
    unit = unit_of(raw) if isinstance(raw, str) else None
    if unit is None:
        raise table.error(f'{raw!r} is not a quantity; terminals say kind = "terminal", words kind = "text"', "value")
    return unit
