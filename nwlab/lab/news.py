"""What an open chip has to tell a run beside its readings, each thing once."""

from __future__ import annotations

from collections.abc import Iterator

from nwlab.core.events import Noted
from nwlab.lab.open_chip import OpenChip


class News:
    """Turns how a chip stands into notes for the record of one run."""

    def __init__(self, chip: OpenChip) -> None:
        self._chip = chip
        self._is_first = True
        self._doubted: set[str] = set()
        self._state = chip.safe_state

    @property
    def relays(self) -> int | None:
        """How many relays were closed since the chip was opened; None without a matrix, and for a model."""
        return self._chip.relays

    def news(self) -> list[Noted]:
        """Return what has come up since the last call: remarks, doubtful readings, what the safe order read back."""
        first, self._is_first = self._is_first, False
        return [*(self._of_opening() if first else ()), *self._doubts(), *self._safe_state()]

    def _of_opening(self) -> Iterator[Noted]:
        about = self._chip.about
        if about.remark:
            yield Noted("remark", {"text": about.remark})
        if about.found_on:
            yield Noted("found on", {"text": told(about.found_on)})

    def _doubts(self) -> Iterator[Noted]:
        for terminal, remark in self._chip.remarks.items():
            if terminal not in self._doubted:
                self._doubted.add(terminal)
                yield Noted("doubt", {"text": f"terminal {terminal}: {remark}"})

    def _safe_state(self) -> Iterator[Noted]:
        state = self._chip.safe_state
        if state is None or state == self._state:
            return
        self._state = state
        content = {"confirmed": state.confirmed, "failures": state.failures, "found": state.found}
        yield Noted("safe state", {"text": str(state), **content})


def told(found_on: tuple[str, ...]) -> str:
    """Say which outputs were on."""
    return f"outputs found on when the bench was opened: {', '.join(found_on)}; nothing was changed"
