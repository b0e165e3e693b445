"""Where everything of a run lies, found by reading its journal until the first thing that is not whole."""

from __future__ import annotations

import os
from array import array
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from nwlab.core.frames import CutOffError, DamageError, Kind, drive_head, expected_head, read_frame, reading_head
from nwlab.core.record import FORMAT, decode_line

LONGEST = 1 << 26
"""Bytes of a line that is still taken for one."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """What of a run could not be used; empty when everything could."""

    reason: str = ""
    lines: int = 0  # of the journal
    journal_bytes: int = 0
    block_bytes: int = 0  # of `blocks.bin`, torn or not acknowledged
    line: int = 0  # of the journal, counted from 1: the first that could not be used; 0 = there is none
    damaged: bool = False  # it was altered or lost something, rather than being cut off within its last line

    def __bool__(self) -> bool:
        return bool(self.lines or self.journal_bytes or self.block_bytes)

    def __str__(self) -> str:
        if not self:
            return "nothing was dropped"
        return (
            f"dropped {self.lines} journal lines ({self.journal_bytes} bytes) and {self.block_bytes} bytes of samples "
            f"that were not acknowledged: {self.reason or 'the run was cut off there'}"
        )


@dataclass(frozen=True, slots=True)
class Extent:
    """How far the acknowledged part of a run reaches, without the line that ends it."""

    lines: int = 0
    journal_bytes: int = 0
    frames: int = 0
    block_bytes: int = 0


Place = tuple[int, int, int, int, int]
"""Drive, first step, and where the frame lies: offset, length in bytes, number."""


def _numbers() -> array[int]:
    return array("Q")


@dataclass(slots=True)
class Index:
    """The acknowledged part of a run. Lists run over drives, or over the blocks of all drives in order."""

    run: dict[str, Any] = field(default_factory=dict[str, Any])  # the journal's first line
    end: dict[str, Any] = field(default_factory=dict[str, Any])  # the journal's last line; empty when cut off
    notes: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    origin: float | None = None  # s on the chip's clock: start of the first block
    block_at: object = None  # wall time of the last block, as its line has it; None in records that do not say
    other_at: object = None  # wall time of the last drive or note, likewise
    lines: array[int] = field(default_factory=_numbers)  # (drives,) where its line begins in the journal
    forces: array[int] = field(default_factory=_numbers)  # (drives,)
    finished: array[int] = field(default_factory=_numbers)  # (drives,) whether all its samples arrived
    first_block: array[int] = field(default_factory=_numbers)  # (drives,) index of its first block
    samples: array[int] = field(default_factory=_numbers)  # (drives,)
    first: array[int] = field(default_factory=_numbers)  # (blocks,) step of the drive that its samples begin with
    offset: array[int] = field(default_factory=_numbers)  # (blocks,) in `blocks.bin`
    length: array[int] = field(default_factory=_numbers)  # (blocks,) bytes of the frame
    frame: array[int] = field(default_factory=_numbers)  # (blocks,) number of the frame
    expected: list[Place] = field(default_factory=list[Place])  # what a twin expected
    dropped: Dropped = field(default_factory=Dropped)
    extent: Extent = field(default_factory=Extent)

    def blocks_of(self, drive: int) -> range:
        """Return the indices of a drive's blocks."""
        last = self.first_block[drive + 1] if drive + 1 < len(self.lines) else len(self.offset)
        return range(self.first_block[drive], last)


def scan(journal: BinaryIO, blocks: BinaryIO) -> Index:
    """Read a journal and check every frame it speaks of; stops at the first that is torn, altered, missing or strange.

    Whatever the bytes are, the result is an exact prefix of what was acknowledged.
    """
    scanner = Scanner(blocks)
    place, reason = 0, ""
    while line := journal.readline(LONGEST):
        try:
            scanner.take(decode_line(line), place)
        except DamageError as error:
            reason = str(error)
            break
        place += len(line)
        if not scanner.index.end:
            scanner.index.extent = scanner.extent(place)
    scanner.index.dropped = _dropped(journal, place, scanner, reason)
    return scanner.index


def _dropped(journal: BinaryIO, place: int, scanner: Scanner, reason: str) -> Dropped:
    journal.seek(place)
    lines, tail = 0, b""
    while line := journal.readline(LONGEST):
        lines, tail = lines + line.endswith(b"\n"), line
    left = journal.tell() - place
    damaged = lines > 0 or not _is_torn(tail, scanner.taken)
    first = scanner.taken + 1 if left else 0
    return Dropped(reason, lines, left, max(0, scanner.size - scanner.used), first, damaged)


def _is_torn(tail: bytes, number: int) -> bool:
    """Whether a journal that ends so was cut off while line `number` was written; true when nothing is left over."""
    head = b'{"n":%d,' % number
    if tail[: len(head)] != head[: len(tail)]:
        return False
    try:
        decode_line(tail[:-1] + b"\n")
    except DamageError:
        return True
    return False  # all of the line is there, and something else where it should end


STRANGE = (KeyError, TypeError, ValueError, IndexError, AttributeError, OverflowError)
"""What a line raises that has the right checksum, but says something else than its kind has to say."""


class Scanner:
    """Takes the lines one after the other; `used` is the end of the last frame accepted, `taken` counts lines.

    `payload` is what the last frame holds.
    """

    def __init__(self, blocks: BinaryIO) -> None:
        self.index, self.used, self.payload = Index(), 0, b""
        self._blocks, self.size = blocks, blocks.seek(0, os.SEEK_END)
        self.taken = self._frames = 0
        self._terminals: set[int] = set()

    def take(self, line: dict[str, Any], place: int) -> None:
        """Take the line that begins at `place` of the journal; raises DamageError."""
        if line.get("n") != self.taken or bool(self.index.end):
            raise DamageError(f"journal line {self.taken + 1} is out of order")
        try:
            self._take(line, place)
        except DamageError:
            raise
        except STRANGE as error:
            raise DamageError(f"journal line {self.taken + 1} does not say what it should: {error}") from error
        self.taken += 1

    def extent(self, journal_bytes: int) -> Extent:
        """Return how far the lines that were taken reach."""
        return Extent(self.taken, journal_bytes, self._frames, self.used)

    def _take(self, line: dict[str, Any], place: int) -> None:
        event = line["event"]
        if (self.taken == 0) != (event == "run"):
            raise DamageError("the journal does not begin with its first line")
        match event:
            case "run":
                self._run(line)
            case "drive":
                self._drive(line, place)
            case "block":
                self._block(line)
            case "expected":
                self._expected(line)
            case "drive-end":
                self._drive_end(line)
            case "note":
                self.index.notes.append({key: line[key] for key in ("kind", "content", "at")})
                self.index.other_at = line["at"]
            case "end":
                self._end(line)
            case _:
                raise DamageError(f"journal line {self.taken + 1} has an unknown event {event!r}")

    def _run(self, line: dict[str, Any]) -> None:
        if line["format"] > FORMAT:
            raise DamageError(f"the run has format {line['format']}; this nwlab reads up to {FORMAT}")
        self._terminals = set(range(len(line["terminals"])))
        self.index.run = line

    def _drive(self, line: dict[str, Any], place: int) -> None:
        index = self.index
        if line["drive"] != len(index.lines):
            raise DamageError(f"drive {line['drive']} is out of order")
        steps, forces, _ = drive_head(self._frame(line, Kind.DRIVE))
        named = [force["terminal"] for force in line["forces"]]
        named += [force["low"] for force in line["forces"] if force["low"] is not None]
        fits = (line["steps"], len(line["forces"])) == (steps, forces) and isinstance(line["label"], str)
        if not fits or not set(named) <= self._terminals:
            raise DamageError(f"drive {line['drive']} is not what its line says")
        self._accept(line)
        index.other_at = line.get("at")
        index.lines.append(place)
        index.forces.append(forces)
        index.finished.append(0)
        index.samples.append(0)
        index.first_block.append(len(index.offset))

    def _block(self, line: dict[str, Any]) -> None:
        index = self.index
        if line["drive"] != len(index.lines) - 1 or line["first"] != index.samples[-1]:
            raise DamageError(f"a block of drive {line['drive']} is out of order")
        start, steps, forces = reading_head(self._frame(line, Kind.READING))
        if (line["steps"], index.forces[-1]) != (steps, forces):
            raise DamageError(f"a block of drive {line['drive']} is not what its line says")
        self._accept(line)
        if index.origin is None:
            index.origin = start
        index.samples[-1] += steps
        index.block_at = line.get("at")
        index.first.append(line["first"])
        index.offset.append(line["offset"])
        index.length.append(line["length"])
        index.frame.append(line["frame"])

    def _expected(self, line: dict[str, Any]) -> None:
        drive, first = line["drive"], line["first"]
        shape = expected_head(self._frame(line, Kind.EXPECTED))
        known = 0 <= drive < len(self.index.lines) and first >= 0 and first + shape[0] <= self.index.samples[drive]
        if not known or shape[:2] != (line["steps"], self.index.forces[drive]):
            raise DamageError(f"an expectation of drive {drive} is not what its line says")
        self._accept(line)
        self.index.expected.append((drive, first, line["offset"], line["length"], line["frame"]))

    def _drive_end(self, line: dict[str, Any]) -> None:
        if line["drive"] != len(self.index.lines) - 1:
            raise DamageError(f"the end of drive {line['drive']} is out of order")
        if not isinstance(line.get("relays", 0), int):
            raise DamageError(f"drive {line['drive']} has {line['relays']!r} relay operations")
        self.index.finished[-1] = 1

    def _end(self, line: dict[str, Any]) -> None:
        if line["status"] not in ("finished", "failed", "interrupted"):
            raise DamageError(f"nothing ends as {line['status']!r}")
        self.index.end = line

    def _frame(self, line: dict[str, Any], kind: Kind) -> bytes:
        if line["frame"] != self._frames or line["offset"] != self.used:
            raise DamageError(f"frame {line['frame']} is out of order")
        there = self.size - self.used
        if line["length"] > there:
            self.size = self._blocks.seek(0, os.SEEK_END)  # the run may go on
            there = self.size - self.used
        if line["length"] > there:
            raise CutOffError(f"frame {line['frame']} is cut off: {there} of {line['length']} bytes are there")
        self.payload = read_frame(self._blocks, line["offset"], line["length"], kind, line["frame"])
        return self.payload

    def _accept(self, line: dict[str, Any]) -> None:
        self._frames += 1
        self.used += line["length"]
