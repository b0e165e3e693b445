"""Format of a run: what stands in `run.json` and in each line of `journal.jsonl`.

A journal line is one JSON object that ends with the CRC32 of all bytes before `,"crc":`. A line is written after the
frame it speaks of, so that what a whole line says has been kept. Events, in order of appearance:

    run         format, name, started, terminals
    drive       drive (index), label, at, steps, duration, forces, ground, hold; its arrays are in frame `frame`
    block       drive, first, steps, forces, start, at: samples `first` … of a drive; they are in frame `frame`
    expected    drive, first, steps, forces: what a twin expected of samples `first` …; it is in frame `frame`
    drive-end   drive; relays: how many were closed for it, where the chip counts them
    note        kind, content, at
    end         status, exit, reason, drives, samples, ended

`at`, `started` and `ended` are wall times with their offset from UTC, when the line was written; records from before
blocks had one lack it there.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.frames import DamageError

FORMAT = 1
MANIFEST, JOURNAL, BLOCKS = "run.json", "journal.jsonl", "blocks.bin"
"""The three files of a run's folder."""
DRY_RUN = "-dry-run"
"""What the name of a run ends in that a model foretold."""
RESERVE = ".reserve"
"""A file that only takes room while a run goes on, so that a full disk still takes the end of the record."""

_CRC = ',"crc":"%08x"}\n'
_CRC_LENGTH = len(_CRC % 0)


@dataclass(frozen=True, slots=True)
class Document:
    """A file as it was when the run began."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class RunInfo:
    """What was played, on what; kept in `run.json`."""

    name: str  # of the protocol
    documents: Mapping[str, Document] = field(default_factory=dict[str, Document])  # "protocol", "bench", "chip"
    parameters: Mapping[str, Any] = field(default_factory=dict[str, Any])  # as a person would write them
    identities: Mapping[str, str] = field(default_factory=dict[str, str])  # instrument → its answer to *IDN?
    versions: Mapping[str, str] = field(default_factory=dict[str, str])  # "nwlab", "python", packages
    seed: int | None = None
    bench: str = ""  # name of the bench, empty without one
    chip: str = ""  # name of the chip
    values: Mapping[str, Any] = field(default_factory=dict[str, Any])  # of the parameters in SI, to the last bit
    opened: Mapping[str, Any] = field(default_factory=dict[str, Any])  # what was asked for: bench, chip, virtual, …


def info_to_json(info: RunInfo) -> dict[str, Any]:
    """Return the part of `run.json` that says what was played."""
    content = asdict(info)
    return {key: plain(content[key]) for key in content}


def info_from_json(content: Mapping[str, Any]) -> RunInfo:
    """Return what `info_to_json` wrote; what is missing, or is something else, stays empty."""
    seed = content.get("seed")
    maps = ("parameters", "identities", "versions", "values", "opened")
    documents = {
        name: Document(str(each.get("path", "")), str(each.get("text", "")))
        for name, each in _mapping(content, "documents").items()
        if isinstance(each, dict)
    }
    return RunInfo(
        str(content.get("name", "")),
        documents,
        seed=seed if isinstance(seed, int) else None,
        bench=str(content.get("bench", "")),
        chip=str(content.get("chip", "")),
        **{name: _mapping(content, name) for name in maps},
    )


def _mapping(content: Mapping[str, Any], name: str) -> dict[str, Any]:
    value = content.get(name)
    return value if isinstance(value, dict) else {}


def encode_line(content: Mapping[str, Any]) -> bytes:
    """Write one journal line, checksum last."""
    body = json.dumps(plain(content), ensure_ascii=False, allow_nan=False, separators=(",", ":"))[:-1].encode()
    return body + (_CRC % zlib.crc32(body)).encode()


def decode_line(line: bytes) -> dict[str, Any]:
    """Read one journal line; raises DamageError unless it is whole, matches its checksum and is JSON."""
    body = line[:-_CRC_LENGTH]
    if not body:
        raise DamageError("a journal line is cut off")
    if line[-_CRC_LENGTH:] != (_CRC % zlib.crc32(body)).encode():
        raise DamageError("a journal line is cut off or does not match its checksum")
    try:
        return json.loads(body + b"}")
    except (ValueError, RecursionError) as error:
        raise DamageError(f"a journal line is not JSON: {error}") from error


def plain(value: Any) -> Any:
    """Return what JSON can hold: arrays become lists, numbers that are not finite null, the rest text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def describe_drive(drive: Drive, terminals: tuple[str, ...]) -> dict[str, Any]:
    """Return a drive's line without its arrays; extremes of the levels are for the eye."""
    return {
        "steps": drive.steps,
        "duration": drive.duration,
        "forces": [_describe_force(force, terminals) for force in drive.forces],
        "ground": list(drive.ground),
        "hold": drive.hold,
    }


def rebuild_drive(
    line: Mapping[str, Any], dwell: FloatArray, levels: FloatArray, read_delay: FloatArray | None
) -> Drive:
    """Return the drive of a journal line and its arrays."""
    forces = tuple(_rebuild_force(*pair) for pair in zip(line["forces"], levels, strict=True))
    return Drive(dwell, forces, tuple(line["ground"]), read_delay, line["hold"])


def _describe_force(force: Force, terminals: tuple[str, ...]) -> dict[str, Any]:
    return {
        "name": terminals[force.terminal],
        "terminal": force.terminal,
        "quantity": force.quantity.value,
        "lowest": float(force.levels.min()),
        "highest": float(force.levels.max()),
        "compliance": force.compliance,
        "low": force.low,
        "sense": force.sense,
        "range": force.range,
    }


def _rebuild_force(line: Mapping[str, Any], levels: FloatArray) -> Force:
    sense = None if line["sense"] is None else (int(line["sense"][0]), int(line["sense"][1]))
    quantity = Quantity(line["quantity"])
    return Force(line["terminal"], quantity, levels, line["compliance"], line["low"], sense, line["range"])
