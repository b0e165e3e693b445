"""A chip's layout."""

from __future__ import annotations

from nwlab.core.record import Document
from nwlab.live.chip_layout import ChipLayout


class ChipReader:
    """Brings the layout of a chip."""

    def __init__(self, document: Document | None, terminals: tuple[str, ...]) -> None:
        self._next: ChipLayout | None = ChipLayout(terminals)

    def poll(self) -> ChipLayout | None:
        """Return a layout that has not been returned before."""
        layout, self._next = self._next, None
        return layout

    def close(self) -> None:
        """Give up what is not ready."""
