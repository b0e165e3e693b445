"""Messages of the seam: a few words as JSON, and the arrays that belong to them.

A message is two lengths (uint32, big-endian: of the words, of the arrays), the words, and the arrays. Nothing is
executed or unpickled. Lengths beyond the bounds, words that are not a JSON object with a "kind", and arrays that do not
fit their words end the connection.
"""

from __future__ import annotations

import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from nwlab.core.drive import Drive
from nwlab.core.errors import WireError
from nwlab.core.frames import DamageError, decode_drive, decode_reading, encode_drive, encode_reading
from nwlab.core.reading import Reading
from nwlab.core.record import describe_drive, plain, rebuild_drive

FORMAT = 1
_LENGTHS = struct.Struct(">II")
MOST_WORDS, MOST_ARRAYS = 4 << 20, 256 << 20
"""Bytes that a message may have."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message."""

    kind: str
    words: Mapping[str, Any] = field(default_factory=dict[str, Any])
    arrays: bytes = b""

    def encode(self) -> bytes:
        """Return it as bytes."""
        words = json.dumps(plain({"kind": self.kind, **self.words}), allow_nan=False, separators=(",", ":")).encode()
        return _LENGTHS.pack(len(words), len(self.arrays)) + words + self.arrays


class Decoder:
    """Turns bytes in any chunking into messages."""

    def __init__(self, most_words: int = MOST_WORDS, most_arrays: int = MOST_ARRAYS) -> None:
        self._most = most_words, most_arrays
        self._data = bytearray()

    def feed(self, data: bytes) -> None:
        """Take bytes."""
        self._data += data

    def next(self) -> Message | None:
        """Return the next whole message; None when more bytes are needed. Raises WireError for what is none."""
        if len(self._data) < _LENGTHS.size:
            return None
        words, arrays = _LENGTHS.unpack_from(self._data)
        if words > self._most[0] or arrays > self._most[1]:
            raise WireError(f"a message of {words} + {arrays} bytes is beyond the bounds")
        end = _LENGTHS.size + words + arrays
        if len(self._data) < end:
            return None
        message = _message(bytes(self._data[_LENGTHS.size : end]), words)
        del self._data[:end]
        return message


def _message(data: bytes, length: int) -> Message:
    try:
        words = json.loads(data[:length])
    except (ValueError, RecursionError) as error:
        raise WireError("a message's words are not JSON") from error
    if not isinstance(words, dict) or not isinstance(words.get("kind"), str):
        raise WireError("a message does not say of which kind it is")
    return Message(words.pop("kind"), words, data[length:])


def drive_message(drive: Drive, terminals: tuple[str, ...]) -> Message:
    """Wrap a drive."""
    return Message("drive", describe_drive(drive, terminals), encode_drive(drive))


def drive_of(message: Message) -> Drive:
    """Unwrap a drive; raises WireError for arrays that do not fit, DriveError for what no source can play."""
    try:
        return rebuild_drive(message.words, *decode_drive(message.arrays))
    except (DamageError, KeyError, TypeError, ValueError) as error:
        raise WireError(f"a drive came torn: {error!r}") from error


def block_message(reading: Reading) -> Message:
    """Wrap a block."""
    return Message("block", {}, encode_reading(reading))


def reading_of(message: Message) -> Reading:
    """Unwrap a block; raises WireError when it is torn."""
    try:
        return decode_reading(message.arrays)
    except (DamageError, ValueError) as error:
        raise WireError(f"a block came torn: {error}") from error
