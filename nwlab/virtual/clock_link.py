"""World time over a wire, so that a program that drives a served bench waits by the bench's clock.

One line asks, one line answers: `now` → seconds; `sleep 1.5` → seconds, once that much has passed. Anything else is
answered with a line that begins with `error`.
"""

from __future__ import annotations

import math
import socket
import weakref

from nwlab.core.errors import WireError
from nwlab.virtual.listener import Listener, acknowledge
from nwlab.virtual.port import Surroundings

_CONNECT_TIMEOUT = 5.0  # s, real


def serve_clock(surroundings: Surroundings, host: str = "127.0.0.1", port: int = 0) -> Listener:
    """Offer a world's time on a port (0: a free one) until the listener is closed; raises UsageError."""

    def attend(client: socket.socket) -> None:
        with client.makefile("rb") as lines:
            for line in lines:
                acknowledge(client)
                client.sendall(_answer(surroundings, line.decode("ascii", "replace").split()) + b"\n")

    return Listener("clock", host, port, attend)


def _answer(surroundings: Surroundings, words: list[str]) -> bytes:
    match words:
        case ["now"]:
            return repr(surroundings.now()).encode()
        case ["sleep", amount] if _is_duration(amount):
            surroundings.wait(float(amount))
            return repr(surroundings.now()).encode()
        case _:
            return b"error: say now, or sleep SECONDS"


def _is_duration(text: str) -> bool:
    try:
        return math.isfinite(float(text)) and float(text) >= 0
    except ValueError:
        return False


class RemoteClock:
    """The clock of a served world; any thread may ask, each over a connection of its own."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._idle: list[socket.socket] = []
        self._close = weakref.finalize(self, _close_all, self._idle)
        self.now()

    def now(self) -> float:
        """Return world time in s; raises WireError when the link is broken."""
        return self._ask("now")

    def sleep(self, seconds: float) -> None:
        """Return when `seconds` of world time have passed; raises WireError when the link is broken."""
        if seconds > 0:
            self._ask(f"sleep {float(seconds)!r}")

    def close(self) -> None:
        """Drop the connections; a second call does nothing."""
        self._close()

    def _ask(self, question: str) -> float:
        try:
            link = self._idle.pop()
        except IndexError:
            link = self._connect()
        try:
            link.sendall(question.encode() + b"\n")
            answer = _line(link)
        except OSError as error:
            link.close()
            raise WireError(f"the clock at {_name(self._address)} is gone: {error}") from error
        self._idle.append(link)
        if not self._close.alive:
            _close_all(self._idle)
        try:
            return float(answer)
        except ValueError as error:
            raise WireError(f"the clock at {_name(self._address)} answers {answer!r} to {question!r}") from error

    def _connect(self) -> socket.socket:
        try:
            link = socket.create_connection(self._address, _CONNECT_TIMEOUT)
        except OSError as error:
            raise WireError(
                f"no clock answers at {_name(self._address)}: {error}; is `nwlab serve` running there?"
            ) from error
        link.settimeout(None)
        link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return link


def _line(link: socket.socket) -> str:
    """Read one line; raises OSError when the other side has left."""
    data = b""
    while not data.endswith(b"\n"):
        chunk = link.recv(256)
        if not chunk:
            raise ConnectionError("the other side has closed the connection")
        data += chunk
    return data.decode("ascii", "replace").strip()


def _close_all(links: list[socket.socket]) -> None:
    while links:
        links.pop().close()


def _name(address: tuple[str, int]) -> str:
    return f"{address[0]}:{address[1]}"
