"""Whom a protocol may ask what a drive would give, and how that stands on record.

What a protocol does next may depend on an answer. So each is noted, to the last bit, and a run that is continued gives
the protocol the same answers as then.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Generator, Mapping
from typing import Any, Protocol

import numpy as np

from nwlab.core.drive import Drive
from nwlab.core.errors import TwinError
from nwlab.core.events import Noted
from nwlab.core.expect import Expectation, decode_expectation, encode_expectation
from nwlab.core.frames import DamageError, encode_drive
from nwlab.core.record import describe_drive, plain
from nwlab.core.units import show

ASKED = "asked"
"""Kind of the note that each answer of a twin leaves."""


class Oracle(Protocol):
    """Answers from what it knows of the chip; a twin, in whatever process."""

    def ask(self, drive: Drive, after: int) -> Generator[Expectation | None, None, None]:
        """Ask what a drive would give after drive number `after` (−1 = before the first) has been read.

        Yields None several times a second until the answer is there; closing the iterator gives the question up. Raises
        DriveError for a drive that it cannot answer for, TwinError when there will be no answer.
        """
        ...


def note_of(drive: Drive, after: int, answer: Expectation | TwinError) -> Noted:
    """Return the note of an answer, or of the lack of one."""
    content: dict[str, object] = {"after": after, "question": _digest(drive)}
    if isinstance(answer, TwinError):
        return Noted(ASKED, {**content, "text": f"no answer: {answer}", "failed": str(answer)})
    payload = base64.b64encode(encode_expectation(answer)).decode()
    return Noted(ASKED, {**content, "text": _told(drive, answer), "answer": payload})


def recalled(content: Mapping[str, Any], drive: Drive) -> Expectation | TwinError | None:
    """Return the answer that a note holds; None when it is one to another question, or none that can be read."""
    if content.get("question") != _digest(drive):
        return None
    if "failed" in content:
        return TwinError(str(content["failed"]))
    try:
        return decode_expectation(base64.b64decode(str(content.get("answer")), validate=True))
    except (DamageError, binascii.Error):
        return None


def _digest(drive: Drive) -> str:
    """Return what tells this drive from all others."""
    names = tuple(f"{index}" for index in range(1 + max((force.terminal for force in drive.forces), default=0)))
    told = json.dumps(plain(describe_drive(drive, names)), sort_keys=True).encode()
    return hashlib.sha256(told + encode_drive(drive)).hexdigest()[:32]


def _told(drive: Drive, answer: Expectation) -> str:
    """Return what was expected of the last sample, for people."""
    for place, force in enumerate(drive.forces):
        sd = answer.sd[-1, place]
        if np.isfinite(sd):
            found = answer.current if force.quantity.other.unit == "A" else answer.voltage
            unit = force.quantity.other.unit
            return f"{show(float(found[-1, place]), unit)} ± {show(float(sd), unit, 2)} expected in the end"
    return "nothing is expected of this drive"
