"""Quantities as a person reads them in the window."""

from __future__ import annotations

from nwlab.core.units import show


def quantity(value: float, unit: str, digits: int = 3) -> str:
    """Write a quantity with its prefix: 1.2336e-05, "S" → "12.3 µS"."""
    number, _, symbol = show(value, unit, digits).partition(" ")
    prefix = symbol.removesuffix(unit).replace("u", "µ")
    return f"{number} {prefix}{unit if symbol else ''}".strip().replace("Ohm", "Ω").replace("-", "−")
