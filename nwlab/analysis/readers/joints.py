"""Where the record of a run broke off and was continued: the chip went to rest there, and may have borne more."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nwlab.core.units import duration
from nwlab.runs.played import PlayedDrive
from nwlab.runs.recording import Run


@dataclass(frozen=True, slots=True)
class Joint:
    """What goes on after a gap."""

    drive: int  # its index
    step: int  # of it, the first one after the gap
    gap: float  # s
    more: int  # steps that the chip may have borne before the gap, and that are not on record
    remark: str  # what became of the chip meanwhile; empty = it lay at rest

    @property
    def is_blind(self) -> bool:
        """Whether nothing is known of the chip when it goes on."""
        return self.more > 0 or bool(self.remark)

    def note(self) -> str:
        """Return what is not known there."""
        borne = f"the chip may have borne up to {self.more} more steps than are on record" if self.more else ""
        why = "; ".join(filter(None, (borne, self.remark)))
        place = f"after a gap of {duration(self.gap)}, before step {self.step} of drive {self.drive}"
        return f"{place}, nothing is known of the chip, and the fit takes it up anew: {why}"

    def last_before(self, drives: Sequence[PlayedDrive]) -> tuple[int, int] | None:
        """Return drive and step of the last sample before the gap, None if there is none."""
        before = [each for each in drives if (each.index, 0) < (self.drive, self.step)]
        if not before:
            return None
        last = before[-1]
        return last.index, (self.step if last.index == self.drive else last.samples) - 1


def joints(run: Run) -> list[Joint]:
    """Find them among the notes of a run."""
    found: list[Joint] = []
    cut = {"step": 0, "more": 0}
    for note in run.notes:
        content = note["content"]
        if note["kind"] == "cut off":
            cut = content
        elif note["kind"] == "resumed":
            remark = str(content.get("remark", ""))
            found.append(Joint(content["drives"], cut["step"], content["gap"], cut["more"], remark))
            cut = {"step": 0, "more": 0}
    return found
