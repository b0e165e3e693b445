"""Virtual instruments on TCP ports of this computer, for programs that know nothing of nwlab."""

from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

from nwlab.virtual.instrument import BreakableLink, VirtualInstrument
from nwlab.virtual.listener import Listener, acknowledge
from nwlab.virtual.port import Surroundings

LOOPBACK = "127.0.0.1"
_MESSAGE_ENDS = (b"\n", b"\0")
_LONGEST = 1 << 20
"""Bytes of a message that are waited for before they are handed on without an end."""
_ATTENTIVE, _IDLE, _LOOKS = 0.005, 0.05, 200
"""Real seconds between looks for replies that become ready by themselves: the first 200 after a message, and later."""
_AT_ONCE = struct.pack("ii", 1, 0)  # SO_LINGER: leave with a reset


@dataclass(frozen=True, slots=True)
class Service:
    """Where one instrument can be reached."""

    name: str
    model: str
    host: str
    port: int

    @property
    def resource(self) -> str:
        """The VISA address of it."""
        return f"TCPIP0::{self.host}::{self.port}::SOCKET"


class Counter:
    """The instrument's side of its port: one message at a time, replies to whoever asked last."""

    def __init__(self, instrument: VirtualInstrument, surroundings: Surroundings | None = None) -> None:
        self._instrument, self._surroundings = instrument, surroundings
        self._one_at_a_time = threading.Lock()
        self._clients: list[socket.socket] = []
        self._asked: socket.socket | None = None
        self._link = instrument if isinstance(instrument, BreakableLink) else None

    def attend(self, client: socket.socket) -> None:
        """Serve a client until it leaves."""
        with self._one_at_a_time:
            self._clients.append(client)
        half, looks, hangups = b"", _LOOKS, len(self._hangups())
        try:
            while not self._hangs_up(client, hangups):
                client.settimeout(_ATTENTIVE if looks < _LOOKS else _IDLE)
                try:
                    heard = client.recv(65536)
                except TimeoutError:
                    looks += 1
                    self._look(client)
                    continue
                if not heard:
                    return
                acknowledge(client)
                whole, half = _split(half + heard)
                looks = 0
                if whole:
                    self._answer(client, whole)
        finally:
            self._part(client)

    def _hangups(self) -> list[str]:
        if self._link is None:
            return []
        with self._lock():
            if self._surroundings is not None:
                self._surroundings.now()  # what falls due by now, happens by now, also while nobody asks
            return self._link.hangups

    def _hangs_up(self, client: socket.socket, before: int) -> bool:
        """Whether the connection is to end, as it is told since there were `before` hang-ups."""
        hangups = self._hangups()[before:]
        if hangups and hangups[0] == "reset":
            client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _AT_ONCE)
        return bool(hangups)

    def _answer(self, client: socket.socket, data: bytes) -> None:
        with self._one_at_a_time, self._lock():
            self._asked = client
            self._instrument.receive(data)
            reply = self._instrument.take()
        self._send(client, reply)

    def _look(self, client: socket.socket) -> None:
        if self._asked is not client or self._surroundings is None:
            return
        with self._one_at_a_time, self._lock():
            self._surroundings.now()
            reply = self._instrument.take() if self._asked is client else b""
        self._send(client, reply)

    def _send(self, client: socket.socket, reply: bytes) -> None:
        if reply:
            client.settimeout(None)
            client.sendall(reply)

    def _part(self, client: socket.socket) -> None:
        """Take back what was asked for; the last one to leave leaves a cleared instrument."""
        with self._one_at_a_time, self._lock():
            self._clients.remove(client)
            if self._asked is client:
                self._asked = None
                self._instrument.take()
            if not self._clients:
                self._instrument.clear()

    def _lock(self) -> AbstractContextManager[object]:
        return self._surroundings.lock if self._surroundings else nullcontext()


def _split(data: bytes) -> tuple[bytes, bytes]:
    """Return whole messages, and the half that follows: it waits here, lest it begin another client's message."""
    end = 1 + max(data.rfind(mark) for mark in _MESSAGE_ENDS)
    return (data, b"") if len(data) - end > _LONGEST else (data[:end], data[end:])


class Server:
    """Every instrument on a port of its own, from construction until `close`."""

    def __init__(
        self,
        instruments: Mapping[str, VirtualInstrument],
        surroundings: Surroundings | None = None,
        *,
        host: str = LOOPBACK,
        ports: Mapping[str, int] | None = None,
        exclusive: bool = False,
    ) -> None:
        self._listeners: list[Listener] = []
        self.services: tuple[Service, ...] = ()
        try:
            for name, instrument in instruments.items():
                counter = Counter(instrument, surroundings)
                listener = Listener(name, host, (ports or {}).get(name, 0), counter.attend, exclusive=exclusive)
                self._listeners.append(listener)
                self.services += (Service(name, instrument.model, listener.host, listener.port),)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Part with every client and free the ports; a second call does nothing."""
        for listener in self._listeners:
            listener.close()

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def serve(
    instruments: Mapping[str, VirtualInstrument],
    surroundings: Surroundings | None = None,
    *,
    host: str = LOOPBACK,
    ports: Mapping[str, int] | None = None,
    exclusive: bool = False,
) -> Server:
    """Serve instruments by name, each on its port (absent or 0: a free one); `exclusive` refuses a second client.

    `surroundings` is their world: it is locked while one acts, and asked for replies that become ready by themselves.
    Raises UsageError for a port that cannot be had or a host that is not this computer.
    """
    return Server(instruments, surroundings, host=host, ports=ports, exclusive=exclusive)
