"""The folder of a sweep: what was asked for, the points as they come, and the table that is made of them.

    sweep.json     what was asked for, versions, how far it is; replaced as a whole
    points.jsonl   a line for each point in the order in which they came, with a checksum; it only grows
    table.csv      the points in their own order, made when the sweep ends or is interrupted

A line has left this process when `add` returns, and reaches the disk about every second. A program that is killed
leaves whole lines and at most a torn one, which is dropped: whoever goes on plays its point and those that are missing.
A point that failed, rather than being refused, may have done so by accident, as when the memory ran out: whoever goes
on plays it again, and its last line holds.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

from nwlab.core import lock
from nwlab.core.clock import Clock, SystemClock, utc_now
from nwlab.core.errors import FileError, StorageError, UsageError
from nwlab.core.frames import DamageError
from nwlab.core.record import decode_line, encode_line
from nwlab.lab.sweep import table
from nwlab.lab.sweep.order import SweepOrder
from nwlab.lab.sweep.point import FAILED
from nwlab.runs.appender import Appender, replace_json, unfinished
from nwlab.runs.keeper import Keeper
from nwlab.runs.recording import read_manifest

MANIFEST, POINTS, TABLE = "sweep.json", "points.jsonl", "table.csv"
FORMAT = 1
_SYNC = 1.0  # s between fsyncs

Row = dict[str, Any]


class Book:
    """Keeps the points of one order in a folder of its own."""

    def __init__(self, folder: Path, order: SweepOrder, versions: dict[str, str], clock: Clock | None = None) -> None:
        """Begin, or go on where an earlier program ended.

        Raises UsageError when the folder holds another sweep or another program is at it, FileError when its
        `sweep.json` is unreadable, StorageError when it cannot be written.
        """
        self.folder, self.order = folder, order
        self._clock = clock or SystemClock()
        self._synced = self._clock.now()
        self.rows: dict[int, Row] = {}
        self.damaged = 0  # lines that could not be used: their points are played again
        self.failed = 0  # points that failed before, and are played again
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._manifest = self._opened(versions)
            self._file = Appender(folder / POINTS)
        except FileExistsError as error:
            raise UsageError(
                f"{error.filename} is a file: --out names a folder, which is made where there is none"
            ) from error
        except OSError as error:
            raise self._cannot(error) from error
        if not lock.hold(self._file.fileno):
            self._file.close()
            raise UsageError(f"another program is at the sweep in {folder}: wait for it, or sweep into another folder")
        self._read()
        self._keeper = Keeper((self._file,), self._clock)
        self._go_on()

    @property
    def table(self) -> Path:
        """Where the table is once there is one."""
        return self.folder / TABLE

    @property
    def missing(self) -> list[int]:
        """Numbers of the points that are still to be played."""
        return [number for number in range(self.order.points) if number not in self.rows]

    def add(self, rows: Iterable[Row]) -> None:
        """Keep points; raises StorageError with what was kept until then."""
        lines = [encode_line(row) for row in rows]
        try:
            self._keeper.complain()
            self._file.append(b"".join(lines))
            for row in map(decode_line, lines):  # as whoever reads it later has it
                self.rows[row["point"]] = row
            if self._clock.now() - self._synced >= _SYNC:
                self._keeper.ask()
                self._synced = self._clock.now()
        except OSError as error:
            raise self._cannot(error) from error

    def close(self) -> None:
        """Make the table of what is there, say how far it is, and close; raises StorageError."""
        try:
            self._keeper.sync()
            table.write(self.table, self.order, self.rows)
            self._write_manifest()
        except OSError as error:
            raise self._cannot(error) from error
        finally:
            self._keeper.close()
            self._file.close()

    def _opened(self, versions: dict[str, str]) -> dict[str, Any]:
        path = self.folder / MANIFEST
        asked = self.order.plain()
        if not path.exists():
            if any(each.name != unfinished(path).name for each in self.folder.iterdir()):
                raise UsageError(f"{self.folder} holds other things: choose a new folder with --out")
            manifest = {"format": FORMAT, "program": "nwlab", "started": utc_now().isoformat(), "asked": asked}
            manifest |= {"points": self.order.points, "versions": versions, "status": "running"}
            replace_json(path, manifest)
            return manifest
        manifest = read_manifest(path)
        if not manifest:
            raise FileError("cannot be read: move the folder away, or sweep into another with --out", path)
        if manifest.get("format") != FORMAT:
            raise FileError(f"has format {manifest.get('format')!r}; this nwlab reads {FORMAT}", path)
        if differing := _differing(asked, manifest.get("asked")):
            raise UsageError(
                f"{self.folder} holds a sweep that was asked for otherwise: {differing} not the same now. Repeat the "
                "command as it was to go on with it, or choose another folder with --out"
            )
        return manifest

    def _go_on(self) -> None:
        """Say that points are being played: whoever is killed meanwhile leaves no finished sweep."""
        if self.missing and self._manifest.get("status") != "running":
            self._manifest["status"] = "running"
            try:
                replace_json(self.folder / MANIFEST, self._manifest)
            except OSError as error:
                raise self._cannot(error) from error

    def _read(self) -> None:
        """Take the lines that are whole; what is torn at the end is cut off, so that the next line begins afresh."""
        content = (self.folder / POINTS).read_bytes()
        whole = content.rfind(b"\n") + 1
        for line in content[:whole].splitlines(keepends=True):
            try:
                row = decode_line(line)
                self.rows[int(row["point"])] = row
            except (DamageError, KeyError, TypeError, ValueError):
                self.damaged += 1
        failed = [number for number, row in self.rows.items() if row.get("status") == FAILED]
        for number in failed:
            del self.rows[number]
        self.failed = len(failed)
        if whole < len(content):
            self._file.take_back(whole)

    def _write_manifest(self) -> None:
        refused = sum(row["status"] != "played" for row in self.rows.values())
        status = "interrupted" if self.missing else "finished"
        told = {"status": status, "ended": utc_now().isoformat(), "kept": len(self.rows), "not played": refused}
        replace_json(
            self.folder / MANIFEST, {**self._manifest, **told, "columns": dict(table.columns(self.order, self.rows))}
        )

    def _cannot(self, error: OSError) -> StorageError:
        kept = (
            f"{len(self.rows)} points are kept there, and the same command goes on" if self.rows else "nothing is kept"
        )
        return StorageError(f"the sweep in {self.folder} cannot be written: {error.strerror or error}; {kept}")


_NAMES = {
    "protocol": "the protocol file is",
    "steps": "the step files are",
    "settings": "the parameters (--set) are",
    "chips": "the chip files are",
    "axes": "what varies (--vary) is",
    "seed": "the seed is",
    "repetitions": "the number of --seeds is",
    "versions": "the versions of nwlab or its packages are",
    "twin": "the chip file of the twin (--twin) is",
    "twin_filter": "the filter of the twin (--twin-filter) is",
    "beside": "the files that chip and bench files name are",
    "bench": "the bench file (--bench) is",
}
_BEFORE: dict[str, Any] = {"twin": None, "twin_filter": "", "beside": [], "bench": None}
"""What older sweeps had been asked for, whose records do not say so."""


def _differing(asked: dict[str, Any], then: object) -> str:
    """Name the first thing that was asked for otherwise; empty when everything is the same."""
    before = _BEFORE | cast("dict[str, Any]", then) if isinstance(then, dict) else {}
    return next((text for name, text in _NAMES.items() if before.get(name) != asked[name]), "")
