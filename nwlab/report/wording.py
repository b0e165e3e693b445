"""Numbers, times and values of a record, as the report writes them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from nwlab.core import units
from nwlab.core.units import G0

NOTHING = "–"
_THIN = "\u202f"  # between number and unit, where no line may end
_ITEMS, _LETTERS = 12, 600  # of a value that somebody noted


def quantity(value: float, unit: str, digits: int = 4) -> str:
    """Write 1.2336e-05, "S" as "12.34 µS"; a dash where there is no number.

    Other units than those with prefixes are written as they are; "1" is a plain number.
    """
    if not math.isfinite(value):
        return NOTHING
    shown = units.show(value, unit if unit in units.SYMBOLS else "1", digits)
    number, _, written = shown.partition(" ")
    written = written or (unit if unit != "1" else "")
    number = number.replace("-", "\u2212")
    return f"{number}{_THIN}{_symbol(written)}" if written else number


def measured(value: float, error: float, unit: str) -> str:
    """Write a number with its standard error, both to the error's second digit: "12.30 ± 0.40 ms"."""
    if not (math.isfinite(value) and math.isfinite(error) and error > 0):
        return quantity(value, unit, 6)
    largest = max(abs(value), error)
    known = units.PREFIXES.items() if unit in units.SYMBOLS else [("", 1.0)]
    prefix, factor = max((each for each in known if each[1] <= largest), key=lambda each: each[1], default=("", 1.0))
    digits = min(12, max(0, 1 - math.floor(math.log10(error / factor))))
    said = f"{value / factor:.{digits}f} ± {error / factor:.{digits}f}".replace("-", "\u2212")
    return said if unit == "1" else f"{said}{_THIN}{_symbol(prefix + unit)}"


def conductance(value: float) -> str:
    """Write a conductance in S and in conductance quanta."""
    return f"{quantity(value, 'S')} ({value / G0:.4g}{_THIN}G₀)" if math.isfinite(value) else NOTHING


def span(low: float, high: float, unit: str) -> str:
    """Write from where to where values go."""
    return quantity(low, unit) if low == high else f"{quantity(low, unit)} … {quantity(high, unit)}"


def lasting(seconds: float) -> str:
    """Write how long something took."""
    return NOTHING if not math.isfinite(seconds) else units.duration(seconds).replace(" us", " µs")


def moment(when: datetime | None) -> str:
    """Write a wall time with its offset from UTC."""
    return NOTHING if when is None else f"{when:%Y-%m-%d %H:%M:%S} (UTC{_offset(when)})"


def parsed(text: Any) -> datetime | None:
    """Return the wall time that a record's text means, if any."""
    try:
        return datetime.fromisoformat(text)
    except (TypeError, ValueError):
        return None


def count(number: int, one: str, many: str = "") -> str:
    """Write "1 sample", "2 samples", "12 345 samples"."""
    return f"{number:,} {one if number == 1 else many or one + 's'}".replace(",", _THIN)


def value(content: Any, most: int = _LETTERS) -> str:
    """Write what somebody noted: numbers short, lists and tables on one line, cut where they are long."""
    said = _value(content)
    return said if len(said) <= most else f"{said[:most]}…"


def _value(content: Any) -> str:
    match content:
        case bool() | None:
            return {True: "yes", False: "no", None: NOTHING}[content]
        case float():
            return f"{content:.6g}"
        case Mapping():
            return "; ".join(f"{key}: {_value(each)}" for key, each in content.items())
        case list():
            items = ", ".join(map(_value, content[:_ITEMS]))
            return items if len(content) <= _ITEMS else f"{items}, … ({len(content)} in all)"
        case _:
            return str(content)


def _symbol(unit: str) -> str:
    """Write a unit of `units.SYMBOLS`, with its prefix, as in print."""
    micro = unit.startswith("u") and unit[1:] in units.SYMBOLS
    return (f"µ{unit[1:]}" if micro else unit).replace("Ohm", "Ω")


def _offset(when: datetime) -> str:
    text = f"{when:%z}"
    return f"{text[:3]}:{text[3:5]}" if text else " unknown"
