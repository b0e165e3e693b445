"""Which stretch of time is seen."""

from __future__ import annotations

_AHEAD = 0.08  # of the run so far: room that is left to grow into, because a new scale means drawing all of it again
_MARGIN = 0.01  # of the stretch, so that what is newest or oldest does not lie on the frame
_SHORTEST, _LONGEST = 1e-7, 1e9  # s


class Stretch:
    """A stretch of time that follows the newest sample until a hand takes hold of it; in s."""

    def __init__(self) -> None:
        self.begin, self.width = 0.0, 1.0  # the same to the last bit while it only moves on
        self.follow = True
        self.span: float | None = None  # s that are seen while following; None = everything
        self._reached = 0.0  # s that everything reaches to, room ahead included

    @property
    def end(self) -> float:
        """When it ends in s."""
        return self.begin + self.width

    def follow_to(self, now: float, *, is_over: bool) -> None:
        """Show what is newest at `now` s, unless a hand has taken hold."""
        if not self.follow or now <= 0:
            return
        if self.span is not None:
            self.begin, self.width = now - self.span, (1 + _MARGIN) * self.span
            return
        if is_over or not now <= self._reached <= 1.5 * now:
            self._reached = now if is_over else (1 + _AHEAD) * now
        self.begin, self.width = -_MARGIN * self._reached, (1 + 2 * _MARGIN) * self._reached

    def pan(self, share: float) -> None:
        """Move on by a share of its length."""
        self.follow = False
        self.begin += share * self.width

    def zoom(self, factor: float, at: float) -> None:
        """Make it longer by `factor` around the moment `at` in s."""
        width = min(max(self.width * factor, _SHORTEST), _LONGEST)
        self.follow = False
        share = (at - self.begin) / self.width
        self.begin, self.width = at - share * width, width
