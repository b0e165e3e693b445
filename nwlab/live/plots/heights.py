"""Which values a plot shows: what is there, with some room, and steady while that changes little."""

from __future__ import annotations

_ROOM = 0.08  # of the values' range, above and below
_TIGHT = 0.5  # of the plot: values that fill less get a closer look
_FLAT = 1e-3  # of a value: a closer look than this shows nothing but the last digit of the meter
_CLOSEST = 3e-6  # of a value: closer than this, its numbers get too long to be written


class Heights:
    """Lowest and highest value of a plot, in its own units or in decades."""

    def __init__(self, least: float) -> None:
        self.low, self.high = 0.0, 1.0
        self.automatic = True
        self._least = least  # range of values that is always shown
        self._fitted = False

    @property
    def height(self) -> float:
        """How far it is from the lowest value to the highest."""
        return self.high - self.low

    @property
    def known(self) -> bool:
        """Whether it has been fitted to values, or a hand has chosen."""
        return self._fitted or not self.automatic

    def fit(self, low: float, high: float) -> None:
        """Show values from `low` to `high`, unless a hand has chosen others."""
        if not self.automatic or self._suits(low, high):
            return
        least = max(self._least, _FLAT * max(abs(low), abs(high)))
        middle, height = (low + high) / 2, max(high - low, least)
        self.low, self.high = middle - (0.5 + _ROOM) * height, middle + (0.5 + _ROOM) * height
        self._fitted = True

    def restart(self, least: float) -> None:
        """Forget what was shown, because values mean something else from now on."""
        self._least, self.automatic, self._fitted = least, True, False

    def pan(self, share: float) -> None:
        """Move up by a share of the height."""
        self.automatic = self._fitted = False
        self.low, self.high = self.low + share * self.height, self.high + share * self.height

    def zoom(self, factor: float, share: float) -> None:
        """Show `factor` times as much around the value that lies at `share` of the height, from below."""
        self.automatic = self._fitted = False
        at, height = self.low + share * self.height, max(self.height * factor, _CLOSEST * max(-self.low, self.high))
        self.low, self.high = at - share * height, at + (1 - share) * height

    def _suits(self, low: float, high: float) -> bool:
        fills = high - low >= _TIGHT * self.height or self.height <= 1.2 * self._least
        return self._fitted and self.low <= low and high <= self.high and fills
