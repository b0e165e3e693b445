"""A virtual instrument behind a bad wire.

Theory of operation. Messages are handed on one by one, so that each can be lost, or set off something, and so that each
reply is known by the message it answers. Replies leave through a queue in which every piece has its time and none
overtakes another, as on any real link: what comes late pushes what follows back, and is what the next question finds.
"""

from __future__ import annotations

import math
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Generic, TypeVar

import numpy as np

from nwlab.virtual.faults import acts
from nwlab.virtual.faults.conditions import Trap
from nwlab.virtual.faults.replies import Piece, spoil
from nwlab.virtual.instrument import MESSAGE_AVAILABLE, VirtualInstrument
from nwlab.virtual.port import Surroundings

A = TypeVar("A", bound=acts.Act)

_AFTER_END = re.compile(rb"(?<=[\n\0])")
_LONGEST = 1 << 20  # bytes of a message that are waited for before they are handed on without an end
_STREAM_RATE = 20_000  # bytes/s of a stream that never ends: a fast serial line
_STREAM = b"0123456789" * 1000


@dataclass(frozen=True, slots=True, eq=False)
class WireFault(Generic[A]):
    """A fault that waits on one wire for its message or its reply."""

    act: A
    trap: Trap
    random: np.random.Generator
    struck: Callable[[], None]  # told each time that it strikes, at that moment


class FaultyInstrument:
    """An instrument and its wire; fills the roles of a VirtualInstrument and of a BreakableLink."""

    def __init__(self, instrument: VirtualInstrument, world: Surroundings) -> None:
        self.instrument, self._world = instrument, world
        self.at_messages: list[WireFault[acts.Act]] = []
        self.at_replies: list[WireFault[acts.ReplyAct]] = []
        self.unfinished = False
        self.hangups: list[str] = []
        self._half = b""
        self._held: list[bytes] = []  # what a hung instrument was told
        self._pieces: deque[Piece] = deque()
        self._silent_until = self._hung_until = self._off_until = -math.inf
        self._lives = 0  # how often the power has failed
        self._streamed: float | None = None  # time up to which an endless stream was taken

    @property
    def model(self) -> str:
        """Model name."""
        return self.instrument.model

    def receive(self, data: bytes) -> None:
        """Take bytes in any chunking and act on each complete message before returning."""
        with self._world.lock:
            *messages, self._half = _AFTER_END.split(self._half + data)
            if len(self._half) > _LONGEST:
                messages.append(self._half)
                self._half = b""
            for message in messages:
                self._hear(message)

    def take(self) -> bytes:
        """Hand over all bytes that have come through."""
        with self._world.lock:
            now = self._world.now()
            ready = self.instrument.take()
            if now < self._off_until:
                return b""
            self._answer("", ready, now)
            return b"" if self._deaf(now) else self._come(now)

    def clear(self) -> None:
        """Device clear, if it comes through."""
        with self._world.lock:
            self._half = b""
            if not self._deaf(self._world.now()):
                self._drop()
                self.instrument.clear()

    def status_byte(self) -> int:
        """IEEE 488.2 status byte; 0 where nothing comes through."""
        with self._world.lock:
            now = self._world.now()
            if self._deaf(now):
                return 0
            waits = bool(self._pieces) and self._pieces[0].due <= now
            return self.instrument.status_byte() | MESSAGE_AVAILABLE * waits

    def trigger(self) -> None:
        """Bus trigger, if it comes through."""
        with self._world.lock:
            if not self._deaf(self._world.now()):
                self.instrument.trigger()

    def silence(self, duration: float) -> None:
        """Let nothing pass for so many s."""
        self._silent_until = self._world.now() + duration

    def hang(self, duration: float) -> None:
        """Let the instrument do nothing for so many s, and then what it was told meanwhile."""
        self._hung_until = self._world.now() + duration
        if math.isfinite(duration):
            self._world.at(self._hung_until, self._wake)

    def power_off(self, duration: float) -> None:
        """Let nothing be heard or said for so many s, and nothing of before afterwards."""
        self._lives += 1
        self._off_until = self._world.now() + duration
        self._held.clear()
        self._drop()

    def hang_up(self, how: str) -> None:
        """End every connection ("closed" or "reset"), with what was still on its way."""
        self._drop()
        self.hangups.append(how)

    def say(self, text: str) -> None:
        """Let a line come that nobody asked for."""
        self._pieces.append(Piece(self._world.now(), text.encode("latin-1", "replace") + b"\n"))

    def _deaf(self, now: float) -> bool:
        return now < max(self._silent_until, self._hung_until, self._off_until)

    def _hear(self, message: bytes) -> None:
        text = message.decode("latin-1").strip()
        struck = [] if self._deaf(self._world.now()) else self._strike(self.at_messages, text)
        now = self._world.now()
        if now < max(self._silent_until, self._off_until) or any(isinstance(act, acts.LostMessage) for act in struck):
            return
        if now < self._hung_until:
            self._held.append(message)
        else:
            self._act(message, text)

    def _act(self, message: bytes, text: str) -> None:
        life = self._lives
        self.instrument.receive(message)
        reply = self.instrument.take()
        if life == self._lives:
            self._answer(text, reply, self._world.now())

    def _wake(self) -> None:
        """Act on what has waited; it may hang again meanwhile."""
        held, self._held = self._held, []
        for message in held:
            self._hear(message)

    def _strike(self, faults: list[WireFault[acts.Act]], text: str) -> list[acts.Act]:
        struck: list[acts.Act] = []
        for fault in faults:
            if fault.trap.springs(self._world.now(), text):
                fault.struck()
                struck.append(fault.act)
        return struck

    def _answer(self, text: str, reply: bytes, now: float) -> None:
        if not reply:
            return
        pieces = [Piece(now, reply)]
        hangups: list[str] = []
        for fault in self.at_replies:
            if not fault.trap.springs(now, text):
                continue
            fault.struck()
            pieces = spoil(fault.act, pieces, fault.random)
            if isinstance(fault.act, acts.Endless):
                self._streamed = now
            elif isinstance(fault.act, acts.Hangup):
                hangups.append(fault.act.how)
        self._pieces.extend(pieces)
        self.hangups.extend(hangups)

    def _come(self, now: float) -> bytes:
        """Return what is due, in order."""
        data = b""
        while self._pieces and self._pieces[0].due <= now:
            piece = self._pieces.popleft()
            data, self.unfinished = data + piece.data, not piece.whole
        if self._streamed is not None:
            size = min(int((now - self._streamed) * _STREAM_RATE), len(_STREAM))
            self._streamed += size / _STREAM_RATE
            data, self.unfinished = data + _STREAM[:size], True
        return data

    def _drop(self) -> None:
        self._pieces.clear()
        self._streamed, self.unfinished = None, False
