"""How a chip lies on the table."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChipLayout:
    """Terminals."""

    names: tuple[str, ...]
