"""What a twin tells crosses to the run as a line of JSON each, followed by the arrays of an expectation."""

from __future__ import annotations

import json
from typing import IO

from nwlab.core.events import Event, Expected, Noted
from nwlab.core.frames import decode_expected, encode_expected


def send(stream: IO[bytes], event: Expected | Noted) -> None:
    """Write one event; raises OSError when nobody reads any more."""
    payload = encode_expected(event) if isinstance(event, Expected) else b""
    if isinstance(event, Expected):
        head: dict[str, object] = {"drive": event.index, "first": event.first, "bytes": len(payload)}
    else:
        head = {"kind": event.kind, "content": dict(event.content)}
    stream.write(json.dumps(head).encode() + b"\n" + payload)


def receive(stream: IO[bytes]) -> Event | None:
    """Read one event; None at the end, also where a twin died in the middle of one."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    head = json.loads(line)
    if "kind" in head:
        return Noted(head["kind"], head["content"])
    payload = stream.read(head["bytes"])
    return decode_expected(head["drive"], head["first"], payload) if len(payload) == head["bytes"] else None
