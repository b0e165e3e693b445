"""How a run stands, as whoever watches it knows."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from nwlab.live.run.disk import Disk
from nwlab.live.run.safety import Verdict


class Stage(Enum):
    """Where a run stands; the value is how it is told."""

    WAITING = "waiting for the run to begin"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    STOPPING = "stopping"
    OVER = "over"
    LOST = "cut off"

    @property
    def is_played(self) -> bool:
        """Whether a program plays the run, so that it can be asked for something."""
        return self not in (Stage.WAITING, Stage.OVER, Stage.LOST)


@dataclass(frozen=True, slots=True)
class Condition:
    """What is told of a run beside what it measured."""

    stage: Stage = Stage.WAITING
    status: str = ""  # of a run that is over: "finished", "interrupted" or "failed"
    reason: str = ""  # why it did not finish
    verdict: Verdict | None = None  # how the chip was left, once the run is over or cut off
    left: float | None = None  # s until the end
    silent: float | None = None  # s since a block was written
    asked: float | None = None  # s since a request was left that the run has not taken
    disk: Disk | None = None
    share: float = 1.0  # how much of what was written has been read
    damage: str = ""  # why the rest of the record cannot be read
    trouble: str = ""  # what went wrong with watching or asking
