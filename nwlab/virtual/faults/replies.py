"""Replies on their way over a bad wire: pieces that come at some time, and what each fault makes of them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from nwlab.virtual.faults import acts

_ENDS = (b"\n", b"\0")


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes that come at one time."""

    due: float  # s of world time; no piece overtakes an earlier one
    data: bytes
    whole: bool = True  # whether the reply ends with them


Pieces = list[Piece]


def spoil(act: acts.ReplyAct, pieces: Pieces, random: np.random.Generator) -> Pieces:
    """Return what comes of a reply, apart from what an `Endless` or a `Hangup` does to the link besides."""
    match act:
        case acts.Late(delay):
            pieces = [replace(piece, due=piece.due + delay) for piece in pieces]
        case acts.LostReply() | acts.Endless():
            pieces = []
        case acts.Doubled():
            pieces = pieces + pieces
        case acts.Split(size, delay):
            pieces = _split(pieces, size, delay)
        case acts.Cut(size, ended):
            pieces = _cut(pieces, size, ended=ended)
        case acts.Hangup(_, size):
            pieces = _cut(pieces, size, ended=False)
        case acts.Garbled(bits):
            pieces = [replace(piece, data=_flip(piece.data, bits, random)) for piece in pieces]
        case acts.Gibberish():
            pieces = [replace(piece, data=_foreign(piece.data, random)) for piece in pieces]
    return pieces


def _split(pieces: Pieces, size: int | None, delay: float) -> Pieces:
    data = b"".join(piece.data for piece in pieces)
    first = min(len(data) // 2 if size is None else size, len(data))
    due = max(piece.due for piece in pieces) if pieces else 0.0
    return [Piece(due, data[:first], whole=False), Piece(due + delay, data[first:])] if data else []


def _cut(pieces: Pieces, size: int | None, *, ended: bool) -> Pieces:
    data = b"".join(piece.data for piece in pieces)
    left = data[: len(data) // 2 if size is None else size]
    if ended and not left.endswith(_ENDS):
        left += b"\n"
    due = max((piece.due for piece in pieces), default=0.0)
    return [Piece(due, left, whole=ended or left == data)] if left else []


def _body(data: bytes) -> tuple[bytes, bytes]:
    """Part a reply from the byte that ends it."""
    return (data[:-1], data[-1:]) if data.endswith(_ENDS) else (data, b"")


def _flip(data: bytes, bits: int, random: np.random.Generator) -> bytes:
    body, end = _body(data)
    spoilt = bytearray(body)
    for place in random.choice(8 * len(body), size=min(bits, 8 * len(body)), replace=False) if body else ():
        spoilt[place // 8] ^= 1 << (place % 8)
    return bytes(spoilt) + end


def _foreign(data: bytes, random: np.random.Generator) -> bytes:
    body, end = _body(data)
    return random.integers(0x80, 0x100, size=len(body), dtype=np.uint8).tobytes() + end
