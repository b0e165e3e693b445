"""The twin beside one point of a sweep, and what its row tells of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from nwlab.core.drive import Drive
from nwlab.core.events import BlockArrived, DriveFinished, DriveStarted, Event, Noted
from nwlab.core.expect import Expectation
from nwlab.core.reading import Reading

if TYPE_CHECKING:
    from nwlab.twin.companion import Companion
    from nwlab.twin.network_companion import NetworkCompanion

TOLD = ("twin_residuals", "twin_spread", "twin_share_beyond_3", "twin_jumps", "twin_alarms", "twin_changed")
"""Columns: how many residuals, their root mean square, how many alarms, and what alarms have named as changed."""


class Following:
    """Hands a companion what happens, and remembers what it has named."""

    def __init__(self, companion: Companion | NetworkCompanion) -> None:
        self._companion = companion
        self._changed: dict[str, None] = {}

    def take(self, event: Event) -> None:
        """Let it follow an event."""
        for told in self._companion(event):
            if isinstance(told, Noted) and "what" in told.content:
                self._changed[str(told.content["what"])] = None

    def beside(self, index: int, drive: Drive, label: str, blocks: Iterator[Reading]) -> Iterator[Reading]:
        """Pass on the blocks of a drive as it follows them."""
        self.take(DriveStarted(index, drive, label))
        first = 0
        for block in blocks:
            self.take(BlockArrived(index, first, block))
            first += block.steps
            yield block
        self.take(DriveFinished(index))

    def foresee(self, drive: Drive) -> Expectation:
        """Return what it expects of a drive; raises DriveError for one that it cannot answer for."""
        return self._companion.foresee(drive)

    def told(self) -> Mapping[str, object]:
        """Return the cells of a row."""
        tally = self._companion.tally
        spread, beyond = (tally.told()[name] for name in ("root mean square", "share beyond 3"))
        found = (tally.residuals, spread, beyond, tally.jumps, sum(tally.alarms.values()), " ".join(self._changed))
        return dict(zip(TOLD, found, strict=True))
