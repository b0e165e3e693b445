"""Units at the edge: `"100 uA"` in files and on screen, 1e-4 inside."""

from __future__ import annotations

import math
import re

G0 = 7.748091729e-5
"""Conductance quantum 2e²/h in S (CODATA 2018)."""

PREFIXES = {
    "f": 1e-15,
    "p": 1e-12,
    "n": 1e-9,
    "u": 1e-6,
    "m": 1e-3,
    "": 1.0,
    "k": 1e3,
    "M": 1e6,
    "G": 1e9,
    "T": 1e12,
}
SYMBOLS = ("V", "A", "S", "Ohm", "s", "Hz", "F", "W", "J", "C", "K", "m")
ALIASES = {"min": ("s", 60.0), "h": ("s", 3600.0), "G0": ("S", G0), "%": ("1", 1e-2), "1": ("1", 1.0)}
_SPELLINGS = (
    ("µ", "u"),
    ("μ", "u"),
    ("Ω", "Ohm"),
    ("Ω", "Ohm"),
    ("ohm", "Ohm"),
    ("−", "-"),
    ("√s", "sqrt(s)"),
)
_QUANTITY = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s*(.*)")


class UnitError(ValueError):
    """A text that is not a quantity of the expected unit."""


def parse(text: str, unit: str) -> float:
    """Turn `"100 uA"` into 1e-4 for `unit` "A".

    `unit` is a symbol ("V"), a quotient ("1/s", "V/s", "1/sqrt(s)") or "1" for a plain number.
    Raises UnitError for anything else, naming what would do.
    """
    for spelling, plain in _SPELLINGS:
        text = text.replace(spelling, plain)
    found = _QUANTITY.fullmatch(text.strip())
    if not found:
        raise UnitError(f"{text!r} is not a quantity; write for example {example(unit)!r}")
    number, written = float(found[1]), found[2].strip()
    factor = _factor(written or "1", unit)
    if factor is None:
        given = f"the unit {written!r}" if written else "no unit"
        raise UnitError(f"{text!r} has {given}, but {_wanted(unit)} is needed; write for example {example(unit)!r}")
    value = number * factor
    if not math.isfinite(value):
        raise UnitError(f"{text!r} is too large to be a number")
    return value


def unit_of(text: str) -> str | None:
    """Return the plain unit of a quantity's text ("51 ms" → "s"), or None when it is no quantity."""
    for unit in (*SYMBOLS, "1", "V/s", "1/s", "1/V", "1/sqrt(s)", "Ohm/m"):
        try:
            parse(text, unit)
        except UnitError:
            continue
        return unit
    return None


def example(unit: str) -> str:
    """Return a text that `parse` accepts for `unit`."""
    return "2.5" if unit == "1" else f"2.5 {unit}"


def show(value: float, unit: str, digits: int = 4) -> str:
    """Write a quantity for people: 1.2336e-05, "S" → "12.34 uS"."""
    if unit == "1" or not math.isfinite(value) or value == 0:
        return f"{value:.{digits}g}" + ("" if unit == "1" else f" {unit}")
    for prefix, factor in PREFIXES.items():
        scaled = abs(value) / factor
        if float(f"{scaled:.{digits}g}") < 1000 or prefix == "T":
            return f"{math.copysign(scaled, value):.{digits}g} {prefix}{unit}"
    raise AssertionError("the largest prefix always returns")


def duration(seconds: float) -> str:
    """Write a time for people: 4013 → "1 h 06 min 53 s"."""
    if seconds < 60:
        return show(seconds, "s", 3)
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02d} min {rest:02d} s" if hours else f"{minutes} min {rest:02d} s"


def _factor(written: str, unit: str) -> float | None:
    top, _, bottom = written.partition("/")
    want_top, _, want_bottom = unit.partition("/")
    over, under = _symbol(top, want_top), _symbol(bottom or "1", want_bottom or "1")
    return None if over is None or under is None else over / under


def _symbol(written: str, wanted: str) -> float | None:
    written = written.strip()
    if written in ALIASES:
        symbol, factor = ALIASES[written]
        return factor if symbol == wanted else None
    if written == wanted:
        return 1.0
    if written.endswith(wanted) and wanted in SYMBOLS:
        return PREFIXES.get(written[: -len(wanted)])
    return None


def _wanted(unit: str) -> str:
    return "a plain number" if unit == "1" else f"a unit of {unit}"
