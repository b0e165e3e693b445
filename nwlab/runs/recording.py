"""A run that was kept: its drives, its readings, its samples as a table."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from nwlab.core import lock
from nwlab.core.drive import FloatArray
from nwlab.core.errors import FileError, UsageError
from nwlab.core.reading import Reading, join
from nwlab.core.record import BLOCKS, FORMAT, JOURNAL, MANIFEST, RunInfo, info_from_json
from nwlab.core.result import RESULT
from nwlab.core.rows import UNITS, Rows, stack, tabulate
from nwlab.runs.index import Dropped, Extent, Index, scan
from nwlab.runs.played import Drives, open_part

if TYPE_CHECKING:
    import xarray

R = TypeVar("R", bound="Run")

CHUNK = 65_536
"""Rows per piece when a run is read piece by piece."""


def load_run(path: str | Path) -> Run:
    """Open a run's folder, whole or not: a killed, damaged or unfinished run gives all that was acknowledged.

    Raises FileError when there is no run.
    """
    folder = Path(path)
    manifest = read_manifest(folder / MANIFEST)
    index = Index()
    if (folder / JOURNAL).is_file():
        with open_part(folder / JOURNAL) as journal, open_part(folder / BLOCKS) as blocks:
            index = scan(journal, blocks)
    if not manifest and not index.run:
        raise FileError("is not the folder of a run: it has neither run.json nor a journal that can be read", folder)
    if not index.run and manifest.get("format", FORMAT) > FORMAT:
        raise FileError(f"was written by a newer nwlab (format {manifest['format']})", folder / MANIFEST)
    return Run(folder, {**manifest, **index.run}, index)


def read_manifest(path: Path) -> dict[str, Any]:
    """Return `run.json`; empty when it is damaged, which is no reason to refuse a run: the journal says it too."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return content if isinstance(content, dict) and _is_sound(content) else {}


def _is_sound(manifest: dict[str, Any]) -> bool:
    terminals = manifest.get("terminals", [])
    return (
        isinstance(manifest.get("format", FORMAT), int)
        and isinstance(manifest.get("status", ""), str)
        and isinstance(terminals, list)
        and all(isinstance(name, str) for name in terminals)
    )


class Run:
    """What was done and what came back. Arrays are read from disk when asked for."""

    def __init__(self, path: Path, manifest: dict[str, Any], index: Index) -> None:
        self.path = path
        self.info: RunInfo = info_from_json(manifest)
        self.terminals: tuple[str, ...] = tuple(manifest.get("terminals", ()))
        self._manifest, self._index = manifest, index
        # A full disk may leave room for `run.json` only; "finished" without the journal's last line has lost samples.
        self._end = index.end or (manifest if manifest.get("status") in ("failed", "interrupted") else {})
        self.drives = Drives(path, index)

    def seen_as(self, kind: type[R]) -> R:
        """Return the same run as one that can do more; nothing is read again."""
        return kind(self.path, self._manifest, self._index)

    def __repr__(self) -> str:
        return f"<Run {self.path.name}: {self.status}, {len(self.drives)} drives, {self.samples} samples>"

    @property
    def status(self) -> str:
        """ "finished", "interrupted", "failed", or "running" while a living program writes it."""
        if self._end:
            return str(self._end["status"])
        return "running" if lock.is_held(self.path / JOURNAL) else "interrupted"

    @property
    def is_over(self) -> bool:
        """Whether its end is on record; a run that was cut off has none."""
        return bool(self._end)

    @property
    def exit_code(self) -> int | None:
        """Exit code of the program that played it; None when it left none."""
        code = self._end.get("exit")
        return code if isinstance(code, int) else None

    @property
    def reason(self) -> str:
        """Why it did not finish, as far as that is known."""
        return str(self._end.get("reason", ""))

    @property
    def started(self) -> datetime | None:
        """Wall time of the start, with offset."""
        return _moment(self._manifest.get("started"))

    @property
    def ended(self) -> datetime | None:
        """Wall time of the end, with offset; None when it was cut off."""
        return _moment(self._end.get("ended"))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the journal and the samples, in hexadecimal: what tells this record from any other."""
        digest = hashlib.sha256()
        for name in (JOURNAL, BLOCKS):
            with open_part(self.path / name) as file:
                while piece := file.read(1 << 20):
                    digest.update(piece)
        return digest.hexdigest()

    @property
    def last_written(self) -> datetime:
        """Wall time at which the last block was recorded, with offset; raises FileError.

        A record that has no such time has that of its end, of its last drive or note, or of its file.
        """
        for at in (_moment(self._index.block_at), self.ended, _moment(self._index.other_at)):
            if at is not None:
                return at
        journal = self.path / JOURNAL
        try:
            return datetime.fromtimestamp(journal.stat().st_mtime, UTC)
        except OSError as error:
            raise FileError(f"cannot be read: {error.strerror}", journal) from error

    @property
    def extent(self) -> Extent:
        """How far the acknowledged part reaches in its files."""
        return self._index.extent

    @property
    def dropped(self) -> Dropped:
        """What could not be used; false when everything could."""
        return self._index.dropped

    @property
    def claimed(self) -> int | None:
        """How many samples `run.json` says there are; None when it does not say, as while a run goes on."""
        count = self._manifest.get("samples")
        return count if isinstance(count, int) else None

    @property
    def notes(self) -> tuple[dict[str, Any], ...]:
        """What was noted beside the samples: kind, content and wall time."""
        return tuple(self._index.notes)

    @property
    def results(self) -> dict[str, dict[str, Any]]:
        """What steps have found out, by their number and name; of a step that told several results, the last."""
        told = [note["content"] for note in self.notes if note["kind"] == RESULT]
        return {
            str(content.get("name", "")): {key: each for key, each in content.items() if key != "name"}
            for content in told
            if isinstance(content, dict)
        }

    @property
    def samples(self) -> int:
        """How many steps came back, of all drives."""
        return sum(self._index.samples)

    @property
    def origin(self) -> float:
        """Start of the first drive on the chip's clock in s; all times of `rows` count from it."""
        return self._index.origin or 0.0

    def __len__(self) -> int:
        """How many rows the table has: samples times forces."""
        return sum(count * forces for count, forces in zip(self._index.samples, self._index.forces, strict=True))

    @property
    def time(self) -> FloatArray:
        """Middle of each sample's integration in s since the first drive's start; (rows,)."""
        return self.rows().time

    @property
    def voltage(self) -> FloatArray:
        """Measured voltage in V; (rows,)."""
        return self.rows().voltage

    @property
    def current(self) -> FloatArray:
        """Measured current in A, positive into the chip; (rows,)."""
        return self.rows().current

    @property
    def conductance(self) -> FloatArray:
        """current / voltage in S, NaN where nothing is forced across; (rows,)."""
        return self.rows().conductance

    def rows(self, terminal: str | None = None) -> Rows:
        """Return the table of all samples, or of those forced at one terminal; raises UsageError for an unknown one."""
        return stack(self.pieces(terminal))

    def pieces(self, terminal: str | None = None, size: int = CHUNK) -> Iterator[Rows]:
        """Yield the same table in pieces of about `size` rows, so that a long run need not fit into memory."""
        wanted = None if terminal is None else self._terminal(terminal)
        waiting: list[Rows] = []
        count = 0
        for block in self._blocks(size):
            waiting.append(block if wanted is None else block.where(block.terminal == wanted))
            count += len(waiting[-1])
            if count >= size:
                yield stack(waiting)
                waiting, count = [], 0
        if count:
            yield stack(waiting)

    def to_xarray(self, terminal: str | None = None) -> xarray.Dataset:
        """Return the table as a Dataset along "time", units in the attributes; raises UsageError without xarray."""
        try:
            import xarray
        except ImportError as error:
            raise UsageError("xarray is not installed; install it with: pip install xarray") from error
        rows = self.rows(terminal)
        columns = {name: ("time", rows.column(name), _attributes(name)) for name in UNITS}
        coordinates = {name: columns.pop(name) for name in COORDINATES}
        attributes = {"title": self.info.name, "terminals": list(self.terminals), "status": self.status}
        return xarray.Dataset(columns, coordinates, attributes)

    def _terminal(self, name: str) -> int:
        if name not in self.terminals:
            raise UsageError(f"the run has no terminal {name!r}; it has {', '.join(self.terminals)}")
        return self.terminals.index(name)

    def _blocks(self, size: int) -> Iterator[Rows]:
        with open_part(self.path / BLOCKS) as file:
            for played in self.drives:
                if not self._index.forces[played.index]:
                    continue
                drive, first = played.read_drive(file), 0
                for reading in _joined(played.read_blocks(file), size):
                    yield tabulate(played.index, drive, first, reading, self.origin)
                    first += reading.steps


def _joined(blocks: Iterator[Reading], size: int) -> Iterator[Reading]:
    """Join blocks up to about `size` samples: some instruments send them one by one."""
    waiting: list[Reading] = []
    count = 0
    for block in blocks:
        waiting.append(block)
        count += block.voltage.size
        if count >= size:
            yield join(waiting)
            waiting, count = [], 0
    if waiting:
        yield join(waiting)


COORDINATES = ("time", "start", "aperture", "drive", "step", "terminal", "low", "quantity")
"""Columns that say where a sample stands; the others are what was asked and measured."""


def _attributes(name: str) -> dict[str, str]:
    return {"units": UNITS[name]}


def _moment(text: object) -> datetime | None:
    """Read a wall time; one without an offset says nothing."""
    try:
        moment = datetime.fromisoformat(cast("str", text))
    except (TypeError, ValueError):
        return None
    return None if moment.tzinfo is None else moment
