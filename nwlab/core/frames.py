"""Frames of `blocks.bin`: the arrays of a run, each with its length and checksum.

A frame is a header, the CRC32 of header and payload, and the payload. The header is "NWLB", version, kind, two bytes 0,
number of the frame (uint32, from 0) and length of the payload (uint64). Everything is little-endian.
"""

from __future__ import annotations

import struct
import zlib
from enum import IntEnum
from typing import BinaryIO

import numpy as np

from nwlab.core.drive import Drive, FloatArray
from nwlab.core.events import Expected
from nwlab.core.reading import Reading

VERSION = 1
_MAGIC = b"NWLB"
_HEADER = struct.Struct("<4sBBHIQ")
_CRC = struct.Struct("<I")
_DRIVE = struct.Struct("<QII")  # steps, forces, whether read delays follow
_READING = struct.Struct("<dQI4x")  # start, steps, forces
_EXPECTED = struct.Struct("<QII")  # steps, forces, arrays: mean and sd, then z and jump where there are four
OVERHEAD = _HEADER.size + _CRC.size
"""Bytes of a frame beyond its payload."""


class Kind(IntEnum):
    """What a frame holds."""

    DRIVE = 1
    READING = 2
    EXPECTED = 3


class DamageError(ValueError):
    """A line or frame that is cut off or does not match its checksum."""


class CutOffError(DamageError):
    """A frame of which only the beginning is there, as far as this computer sees."""


def encode_frame(kind: Kind, number: int, payload: bytes) -> bytes:
    """Put a payload into a frame."""
    header = _HEADER.pack(_MAGIC, VERSION, kind, 0, number, len(payload))
    return header + _CRC.pack(zlib.crc32(payload, zlib.crc32(header))) + payload


def read_frame(file: BinaryIO, offset: int, length: int, kind: Kind, number: int) -> bytes:
    """Return the payload of the frame at `offset`, `length` bytes in all; raises DamageError."""
    if length < OVERHEAD:
        raise DamageError(f"frame {number} cannot be {length} bytes short")
    file.seek(offset)
    frame = file.read(length)
    if len(frame) < length:
        raise CutOffError(f"frame {number} is cut off: {len(frame)} of {length} bytes are there")
    header, payload = frame[: _HEADER.size], frame[OVERHEAD:]
    (crc,) = _CRC.unpack_from(frame, _HEADER.size)
    if header != _HEADER.pack(_MAGIC, VERSION, kind, 0, number, len(payload)):
        raise DamageError(f"frame {number} has a strange header")
    if crc != zlib.crc32(payload, zlib.crc32(header)):
        raise DamageError(f"frame {number} does not match its checksum")
    return payload


def encode_drive(drive: Drive) -> bytes:
    """Pack the arrays of a drive: dwell, the levels of each force, read delays if any."""
    arrays = [drive.dwell, *(force.levels for force in drive.forces)]
    if drive.read_delay is not None:
        arrays.append(drive.read_delay)
    head = _DRIVE.pack(drive.steps, len(drive.forces), drive.read_delay is not None)
    return head + b"".join(array.astype("<f8").tobytes() for array in arrays)


def drive_head(payload: bytes) -> tuple[int, int, bool]:
    """Return steps, forces and whether read delays follow; raises DamageError unless the payload is as long as that."""
    if len(payload) < _DRIVE.size:
        raise DamageError("a drive's frame is shorter than its head")
    steps, forces, delayed = _DRIVE.unpack_from(payload)
    if len(payload) != _DRIVE.size + 8 * steps * (1 + forces + delayed):
        raise DamageError("a drive's frame is not as long as its steps and forces need")
    return steps, forces, bool(delayed)


def decode_drive(payload: bytes) -> tuple[FloatArray, FloatArray, FloatArray | None]:
    """Return dwell (steps,), levels (forces, steps) and read delays (steps,) or None; raises DamageError."""
    steps, forces, delayed = drive_head(payload)
    rows = 1 + forces + delayed
    table = np.frombuffer(payload, "<f8", offset=_DRIVE.size).reshape(rows, steps).astype(np.float64)
    return table[0], table[1 : 1 + forces], table[-1] if delayed else None


def encode_reading(reading: Reading) -> bytes:
    """Pack one block of samples, column after column."""
    steps, forces = reading.voltage.shape
    floats = (reading.onset, reading.time, reading.aperture, reading.voltage, reading.current)
    flags = (reading.in_compliance, reading.overflow)
    return b"".join(
        [
            _READING.pack(reading.start, steps, forces),
            *(array.astype("<f8").tobytes() for array in floats),
            *(array.astype(np.uint8).tobytes() for array in flags),
        ]
    )


def reading_head(payload: bytes) -> tuple[float, int, int]:
    """Return start, steps and forces; raises DamageError unless the payload is as long as that."""
    if len(payload) < _READING.size:
        raise DamageError("a block's frame is shorter than its head")
    start, steps, forces = _READING.unpack_from(payload)
    if len(payload) != _READING.size + 8 * (steps + 4 * steps * forces) + 2 * steps * forces:
        raise DamageError("a block's frame is not as long as its steps and forces need")
    return start, steps, forces


def encode_expected(expected: Expected) -> bytes:
    """Pack what a twin expected."""
    steps, forces = expected.mean.shape
    arrays = [expected.mean, expected.sd]
    if expected.z is not None or expected.jump is not None:
        nothing = np.full(expected.mean.shape, np.nan)
        arrays += [nothing if each is None else each for each in (expected.z, expected.jump)]
    return _EXPECTED.pack(steps, forces, len(arrays)) + b"".join(array.astype("<f8").tobytes() for array in arrays)


def expected_head(payload: bytes) -> tuple[int, int, int]:
    """Return steps, forces and arrays; raises DamageError unless the payload is as long as that."""
    if len(payload) < _EXPECTED.size:
        raise DamageError("an expectation's frame is shorter than its head")
    steps, forces, arrays = _EXPECTED.unpack_from(payload)
    if arrays not in (2, 4) or len(payload) != _EXPECTED.size + 8 * arrays * steps * forces:
        raise DamageError("an expectation's frame is not as long as its steps and forces need")
    return steps, forces, arrays


def decode_expected(index: int, first: int, payload: bytes) -> Expected:
    """Return what `encode_expected` packed of samples `first` … of drive `index`; raises DamageError."""
    steps, forces, arrays = expected_head(payload)
    table = np.frombuffer(payload, "<f8", offset=_EXPECTED.size).reshape(arrays, steps, forces).astype(np.float64)
    return Expected(index, first, *table)


def decode_reading(payload: bytes) -> Reading:
    """Return the block that `encode_reading` packed; raises DamageError."""
    start, steps, forces = reading_head(payload)
    samples = steps * forces
    floats = np.frombuffer(payload, "<f8", steps + 4 * samples, _READING.size).astype(np.float64)
    onset, table = floats[:steps], floats[steps:].reshape(4, steps, forces)
    flags = np.frombuffer(payload, np.uint8, 2 * samples, _READING.size + floats.nbytes).reshape(2, steps, forces) != 0
    return Reading(start, onset, table[0], table[1], table[2], table[3], flags[0], flags[1])
