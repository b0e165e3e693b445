"""A twin in this process, in place of one in a process of its own: for tests of everything but processes."""

from __future__ import annotations

from collections.abc import Generator

from nwlab.core.drive import Drive
from nwlab.core.events import Event, Noted
from nwlab.core.expect import Expectation
from nwlab.twin.companion import Companion
from nwlab.twin.order import TwinOrder


class Beside:
    """Listens to a run in its control loop, and answers at once."""

    def __init__(self, chip: str) -> None:
        self.companion: Companion = TwinOrder(chip).companion()
        self.told: list[Event] = []
        self.asked = 0

    def __call__(self, event: Event) -> None:
        self.told += self.companion(event)

    def complaint(self) -> Noted | None:
        return None

    def findings(self) -> list[Event]:
        told, self.told = self.told, []
        return told

    def close(self) -> None:
        pass

    def ask(self, drive: Drive, after: int) -> Generator[Expectation | None, None, None]:
        self.asked += 1
        yield None
        yield self.companion.foresee(drive)
