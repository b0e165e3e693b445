"""Faults of the window itself: a part that fails is told once, and the rest goes on."""

from __future__ import annotations

from collections.abc import Callable

from nwlab.live.run.wording import Mood, Told


class Faults:
    """Keeps what went wrong, by the part that failed."""

    def __init__(self) -> None:
        self._found: dict[str, Told] = {}

    @property
    def told(self) -> list[Told]:
        """What is to be told of them."""
        return list(self._found.values())

    def note(self, part: str, error: BaseException) -> None:
        """Keep the first fault of a part."""
        text = (
            f"A fault of this window: {part}: {type(error).__name__}: {error}. It shows no more of that; the run is "
            "not touched by it, and Stop works. Please report it."
        )
        self._found.setdefault(part, Told(Mood.ALARM, text))

    def guard(self, part: str, act: Callable[[], object]) -> bool | None:
        """Do something that must not end the window; returns its result as a truth, None when it failed."""
        try:
            return bool(act())
        except Exception as error:
            self.note(part, error)
            return None
