"""Runs that are on record below a folder, as a list shows them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from nwlab.core import lock
from nwlab.core.errors import UsageError
from nwlab.core.record import JOURNAL, MANIFEST, RunInfo, info_from_json
from nwlab.core.units import parse
from nwlab.live.start.catalogue import Catalogue, entry_of
from nwlab.live.start.draft import Choices
from nwlab.protocol.parameters import TERMINAL, TEXT, Parameter
from nwlab.runs.recording import read_manifest

RUNNING, CUT_OFF = "running", "cut off"
_ELSEWHERE = ("tcp://", "replay:")
_USUAL = "best"  # filter of a twin, where none was asked for
_PICTURES = ("trace.png", "prediction.png")


@dataclass(frozen=True, slots=True)
class Past:
    """One run."""

    folder: Path
    status: str  # "finished", "interrupted", "failed", "running", "cut off"
    reason: str
    info: RunInfo
    started: str  # local time, as people write it
    written: int  # ns: when its `run.json` was written

    @property
    def where(self) -> str:
        """Chip and bench."""
        return " on ".join(filter(None, (self.info.chip, self.info.bench)))

    @property
    def picture(self) -> Path | None:
        """Its picture; None while there is none."""
        return next((self.folder / name for name in _PICTURES if (self.folder / name).is_file()), None)


class PastRuns:
    """Looks into a folder again and again, reading only what is new; one thread at a time."""

    def __init__(self) -> None:
        self._known: dict[Path, Past] = {}

    def look(self, out: Path) -> list[Past]:
        """Return the runs below a folder, the newest first; none when there is no such folder."""
        found: dict[Path, Past] = {}
        for folder in out.glob("*/"):
            past = self._one(folder)
            if past is not None:
                found[folder] = past
        self._known = found
        return sorted(found.values(), key=lambda past: past.folder.name, reverse=True)

    def _one(self, folder: Path) -> Past | None:
        try:
            written = (folder / MANIFEST).stat().st_mtime_ns
        except OSError:
            return None
        known = self._known.get(folder)
        if known is not None and known.written == written and known.status != RUNNING:
            return known
        manifest = read_manifest(folder / MANIFEST)
        return _past(folder, manifest, written) if manifest else None


def _past(folder: Path, manifest: Mapping[str, Any], written: int) -> Past:
    status = str(manifest.get("status", ""))
    if status == RUNNING and lock.KNOWN and not lock.is_held(folder / JOURNAL):
        status = CUT_OFF
    reason, started = str(manifest.get("reason", "")), _local(manifest.get("started"))
    return Past(folder, status, reason, info_from_json(manifest), started, written)


def _local(written: Any) -> str:
    try:
        return datetime.fromisoformat(str(written)).astimezone().strftime("%Y-%m-%d %H:%M:%S")
    except ValueError:
        return ""


def played_on(bench: Path, pasts: Sequence[Past]) -> Past | None:
    """Return the run that is still played on the real instruments of a bench; None when none is."""
    for past in pasts:
        opened = past.info.opened
        if past.status == RUNNING and opened.get("bench") == str(bench.resolve()) and not opened.get("simulated"):
            return past
    return None


def choices_of(past: Past, catalogue: Catalogue, out: str) -> Choices:
    """Return what has to be chosen to play a run again; what the record does not say is as in a fresh form.

    Raises FileError when its protocol cannot be read any more, UsageError for a bench that another program served.
    """
    info, opened = past.info, past.info.opened
    document = info.documents.get("protocol")
    protocol = _path(opened.get("protocol")) or (None if document is None else Path(document.path))
    protocol_entry = catalogue.protocols[0] if protocol is None else entry_of(protocol, catalogue.protocols)
    parameters = catalogue.read_protocol(protocol_entry.path).parameters
    if str(opened.get("bench")).startswith(_ELSEWHERE):
        raise UsageError(
            f"{past.folder.name} was played on {opened['bench']}, for which there is the command line only"
        )
    if opened.get("twin_filter") not in (None, _USUAL):
        raise UsageError(
            f"{past.folder.name} had a twin with --twin-filter {opened['twin_filter']}, for which there is the command "
            "line only"
        )
    bench, chip, twin = (_path(opened.get(name)) for name in ("bench", "chip", "twin"))
    faults = info.documents.get("faults")
    seed, speed = opened.get("seed"), opened.get("speed")
    return Choices(
        protocol_entry,
        catalogue.usual_bench if bench is None else entry_of(bench, catalogue.benches),
        None if chip is None else entry_of(chip, catalogue.chips),
        None if twin is None else entry_of(twin, catalogue.chips),
        virtual=opened.get("virtual") is True,
        model=opened.get("model") is True,
        texts={name: _typed(each, info) for name, each in parameters.items() if name in info.values},
        seed="" if not isinstance(seed, int) else str(seed),
        faults=None if faults is None else entry_of(Path(faults.path), catalogue.faults),
        speed=float(speed) if isinstance(speed, int | float) and speed > 0 else None,
        out=out,
    )


def _path(written: Any) -> Path | None:
    return Path(written) if isinstance(written, str) and written else None


def _typed(parameter: Parameter, info: RunInfo) -> str:
    """Return a value as a person would type it, where that is the value to the last bit."""
    value, shown = info.values[parameter.name], str(info.parameters.get(parameter.name, ""))
    if parameter.unit in (TERMINAL, TEXT):
        return str(value)
    if not parameter.fault(shown) and parse(shown, parameter.unit) == value:
        return shown
    return f"{value!r} {'' if parameter.unit == '1' else parameter.unit}".strip()
