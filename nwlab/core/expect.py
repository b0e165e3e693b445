"""What a protocol asks of a twin, and what it is sent back."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import Drive, FloatArray
from nwlab.core.errors import DriveError
from nwlab.core.frames import DamageError, decode_reading, encode_reading
from nwlab.core.reading import Reading

DEADLINE = 2.0
"""s of real time that a twin has for an answer, unless a question says otherwise."""
_HEAD = struct.Struct("<I")  # bytes of the reading; the standard deviations follow


@dataclass(frozen=True, slots=True, eq=False)
class Expect:
    """Yielded in place of a drive: what would come back if it were played now? The chip is not touched for it.

    The protocol is sent an `Expectation`. A twin that does not answer in time raises TwinError at the `yield`, where a
    protocol that can do without may catch it; otherwise it ends the run.
    """

    drive: Drive
    within: float = DEADLINE  # s of real time until the answer must be there, > 0

    def __post_init__(self) -> None:
        """Refuse what is no question; raises DriveError."""
        if not isinstance(self.drive, Drive):  # pyright: ignore[reportUnnecessaryIsInstance] - a lab's step may do so
            raise DriveError(f"a twin is asked what a drive would give, not {self.drive!r}")
        if not 0 < self.within < math.inf:
            raise DriveError(f"a twin needs more than 0 s for an answer, and not for ever: not {self.within!r} s")


@dataclass(frozen=True, slots=True, eq=False)
class Expectation(Reading):
    """What a twin expects to read; its times, too, are as predicted."""

    sd: FloatArray  # (steps, forces) A or V: of what is not forced, reading minus expectation; NaN where unknown


def encode_expectation(expectation: Expectation) -> bytes:
    """Pack an expectation, to the last bit."""
    reading = encode_reading(expectation)
    return _HEAD.pack(len(reading)) + reading + expectation.sd.astype("<f8").tobytes()


def decode_expectation(payload: bytes) -> Expectation:
    """Return what `encode_expectation` packed; raises DamageError."""
    if len(payload) < _HEAD.size:
        raise DamageError("an expectation is shorter than its head")
    end = _HEAD.size + _HEAD.unpack_from(payload)[0]
    reading = decode_reading(payload[_HEAD.size : end])
    if len(payload) != end + 8 * reading.voltage.size:
        raise DamageError("an expectation is not as long as its steps and forces need")
    sd = np.frombuffer(payload, "<f8", offset=end).astype(np.float64).reshape(reading.voltage.shape)
    columns = (reading.onset, reading.time, reading.aperture, reading.voltage, reading.current)
    return Expectation(reading.start, *columns, reading.in_compliance, reading.overflow, sd)
