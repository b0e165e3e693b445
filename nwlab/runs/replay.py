"""A run on record as a chip: whoever asks for the same drives gets the same readings, bit for bit.

Theory of operation. The chip goes through the drives of the record, one by one. What it is asked for must be what was
asked for then; it yields the very blocks that came back, with their stamps, while its clock stands where the chip's
clock stood. A protocol that looks at its readings finds the same ones, and so asks for the same again; a twin, a window
or an analysis that follows the replay cannot tell. Where the record breaks off, so does the replay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields

import numpy as np

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, FloatArray
from nwlab.core.errors import DriveError, Stopped, StorageError, UsageError
from nwlab.core.files import parse_toml
from nwlab.core.limits import Limits, read_limits
from nwlab.core.reading import Reading
from nwlab.core.record import BLOCKS
from nwlab.runs.difference import difference
from nwlab.runs.played import PlayedDrive, open_part
from nwlab.runs.recording import Run

_REMEDY = (
    "A replay answers what was asked then, and nothing else: set the parameters as they were (nwlab show RUN tells "
    "them), or play this protocol on the chip's model, with --model"
)
UNKNOWN = Limits(np.inf, np.inf)
"""Limits of a record that does not say which held; what it does not hold is refused all the same."""


class ReplayChip:
    """The chip of a run on record; a Chip."""

    def __init__(self, run: Run, clock: VirtualClock | None = None, span: float = np.inf) -> None:
        """`clock` None = one that jumps; it should stand at `run.origin`.

        Blocks that last longer than `span` s are handed over in parts, so that a clock which is held back can be
        watched; a step that is longer comes alone. Raises UsageError for a run that is still being played, FileError
        for limits on record that nobody can read.
        """
        if run.status == "running":
            raise UsageError(f"{run.path} is still being played: wait for its end, or watch it with nwlab live")
        self.terminals, self.limits = run.terminals, limits_of(run)
        self.clock = VirtualClock(run.origin) if clock is None else clock
        self._run, self._span = run, span
        self._next = 0

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Yield what came back from this drive then.

        Raises DriveError unless it is the next one of the record, Stopped where that breaks off, and StorageError when
        its files were altered after it was opened.
        """
        if self._next == len(self._run.drives):
            whole = self._run.status == "finished"
            raise self._refusal() if whole else self._end(f"after {_many(self._next, 'drive')}")
        played = self._run.drives[self._next]
        recorded = _sound(played)
        if found := difference(drive, recorded, self.terminals):
            raise DriveError(
                f"drive {played.index} is not the one in {self._run.path} (step {played.label}): {found}. {_REMEDY}"
            )
        self._next += 1
        return self._play(played, recorded)

    def close(self) -> None:
        """There is nothing to switch off."""

    def _play(self, played: PlayedDrive, drive: Drive) -> Iterator[Reading]:
        first = 0
        with open_part(self._run.path / BLOCKS) as file:
            for block in played.read_blocks(file):
                yield from self._until(block.start, block)
                ends = block.start + block.onset + drive.dwell[first : first + block.steps]
                for begin, end in self._parts(ends):
                    yield from self._until(float(ends[end - 1]), block)
                    yield block if end - begin == block.steps else _part(block, begin, end)
                first += block.steps
        if first < drive.steps:
            raise self._end(f"in drive {played.index}, after {first} of its {drive.steps} steps")

    def _parts(self, ends: FloatArray) -> Iterator[tuple[int, int]]:
        """Yield where the parts of a block begin and end; `ends` of its steps in s, (steps,)."""
        begin = 0
        while begin < ends.size:
            since = self.clock.now()
            end = max(begin + 1, int(np.searchsorted(ends, since + self._span, "right")))
            yield begin, end
            begin = end

    def _until(self, moment: float, block: Reading) -> Iterator[Reading]:
        """Let time pass; ticks give whoever plays a moment to decide whether to go on."""
        while self.clock.now() + self._span < moment:
            self.clock.sleep(self._span)
            yield _part(block, 0, 0)
        self.clock.reach(moment)

    def _refusal(self) -> DriveError:
        return DriveError(
            f"{self._run.path} holds {_many(self._next, 'drive')}, and this protocol asks for one more. {_REMEDY}"
        )

    def _end(self, where: str) -> Stopped:
        run = self._run
        if run.dropped.damaged:
            why = f"the rest of the record is damaged ({run.dropped.reason})"
        elif not run.is_over:
            why = "the program that played it left no end"
        else:
            why = f"the run {'was interrupted' if run.status == 'interrupted' else run.status} then ({run.reason})"
        return Stopped(f"{run.path} breaks off {where}: {why}")


def limits_of(run: Run) -> Limits:
    """Return the limits that held, as the files of chip and bench on record say; raises FileError for faulty ones."""
    chip, bench = (run.info.documents.get(name) for name in ("chip", "bench"))
    if chip is None:
        return UNKNOWN
    limits = read_limits(parse_toml(chip.text, chip.path).table("limits"))
    table = None if bench is None else parse_toml(bench.text, bench.path)
    return limits if table is None or "limits" not in table else limits.lower(read_limits(table.table("limits")))


def _sound(played: PlayedDrive) -> Drive:
    drive = played.drive
    if played.samples > drive.steps:
        raise StorageError(f"{played.folder}: drive {played.index} has more samples than steps")
    return drive


def _part(block: Reading, begin: int, end: int) -> Reading:
    arrays = {each.name: getattr(block, each.name)[begin:end] for each in fields(Reading) if each.name != "start"}
    return Reading(block.start, **arrays)


def _many(count: int, noun: str) -> str:
    return f"{count} {noun}{'' if count == 1 else 's'}"
