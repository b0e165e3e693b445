"""How large everything in the window is: one number decides, so that one key makes all of it readable from afar."""

from __future__ import annotations

from dataclasses import dataclass, replace

_SMALLEST, _LARGEST = 7.0, 32.0
_STEP = 1.15


@dataclass(frozen=True, slots=True)
class Sizes:
    """Sizes of type and lines; nothing else in the window has a size of its own."""

    base: float = 10.0  # pt: ordinary text

    @property
    def small(self) -> float:
        """Text that is read from near, in pt: numbers at axes, marks."""
        return 0.9 * self.base

    @property
    def large(self) -> float:
        """Text that is read from across the room, in pt."""
        return 1.8 * self.base

    @property
    def line(self) -> int:
        """Width of a curve in px; it grows where the type says that the screen is far away."""
        return 1 if self.base < 13 else 2 if self.base < 22 else 3

    def larger(self) -> Sizes:
        """Return the next larger sizes."""
        return replace(self, base=min(round(self.base * _STEP, 1), _LARGEST))

    def smaller(self) -> Sizes:
        """Return the next smaller sizes."""
        return replace(self, base=max(round(self.base / _STEP, 1), _SMALLEST))
