"""What crosses between a run and its twin: lines of JSON, each followed by arrays where it has some.

The twin tells events as they come, and now and then that it is alive. The run asks what a drive would give, and numbers
its questions, so that an answer that comes too late is not taken for that to the next one.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import IO

from nwlab.core.drive import Drive
from nwlab.core.events import Event, Expected, Noted
from nwlab.core.expect import Expectation, decode_expectation, encode_expectation
from nwlab.core.frames import decode_drive, decode_expected, encode_drive, encode_expected
from nwlab.core.record import describe_drive, plain, rebuild_drive


@dataclass(frozen=True, slots=True)
class Question:
    """What would this drive give, after drive number `after` (−1 = before the first) has been read?"""

    number: int
    after: int
    drive: Drive


@dataclass(frozen=True, slots=True)
class Answer:
    """What a drive would give, or why the twin cannot tell."""

    number: int  # of the question
    expectation: Expectation | None
    refused: str = ""


@dataclass(frozen=True, slots=True)
class Alive:
    """The twin's process works."""


ALIVE = Alive()


def encode_question(question: Question, terminals: tuple[str, ...]) -> bytes:
    """Return the bytes that ask; `terminals` are the names of the chip's."""
    payload = encode_drive(question.drive)
    head = {"question": question.number, "after": question.after, "bytes": len(payload)}
    return _line({**head, "drive": plain(describe_drive(question.drive, terminals))}) + payload


class Questions:
    """Takes the bytes of questions as they come, in pieces."""

    def __init__(self) -> None:
        self._left = b""

    def take(self, data: bytes) -> list[Question]:
        """Return the questions that are whole now."""
        self._left += data
        found: list[Question] = []
        while (question := self._next()) is not None:
            found.append(question)
        return found

    def _next(self) -> Question | None:
        line, end, rest = self._left.partition(b"\n")
        if not end:
            return None
        head = json.loads(line)
        if len(rest) < head["bytes"]:
            return None
        payload, self._left = rest[: head["bytes"]], rest[head["bytes"] :]
        return Question(head["question"], head["after"], rebuild_drive(head["drive"], *decode_drive(payload)))


def send(stream: IO[bytes], told: Expected | Noted | Answer | Alive) -> None:
    """Write one event, answer or sign of life at once; raises OSError when nobody reads any more."""
    payload, head = b"", dict[str, object]()
    match told:
        case Noted():
            head = {"kind": told.kind, "content": dict(told.content)}
        case Expected():
            payload, head = encode_expected(told), {"drive": told.index, "first": told.first}
        case Answer():
            payload = b"" if told.expectation is None else encode_expectation(told.expectation)
            head = {"answer": told.number, "refused": told.refused}
        case Alive():
            head = {"alive": True}
    stream.write(_line({**head, "bytes": len(payload)}) + payload)


def receive(stream: IO[bytes]) -> Event | Answer | Alive | None:
    """Read one event, answer or sign of life; None at the end, also where a twin died in the middle of one."""
    line = stream.readline()
    if not line.endswith(b"\n"):
        return None
    head = json.loads(line)
    payload = stream.read(head["bytes"])
    if len(payload) < head["bytes"]:
        return None
    if "kind" in head:
        return Noted(head["kind"], head["content"])
    if "alive" in head:
        return ALIVE
    if "answer" in head:
        return Answer(head["answer"], decode_expectation(payload) if payload else None, head["refused"])
    return decode_expected(head["drive"], head["first"], payload)


def _line(head: dict[str, object]) -> bytes:
    return json.dumps(head).encode() + b"\n"
