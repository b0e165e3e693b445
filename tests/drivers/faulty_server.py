"""The bare bones of a 2635B on a TCP port, whose answers go wrong as planned."""

from __future__ import annotations

import contextlib
import re
import socket
import struct
import threading
from collections.abc import Callable

IDENTITY = "Keithley Instruments Inc., Model 2635B, 1398687, 3.2.1"
CODES = {"smua.OUTPUT_DCVOLTS": "1", "smua.OUTPUT_ON": "1", "smua.AUTOZERO_ONCE": "1"}
Fault = Callable[[socket.socket, bytes], None]

_QUESTION = re.compile(r'print\("([^"]*)"(?:, (.*?))?\)(?: (.*))?')
_SETTING = re.compile(r"([\w.\[\]]+) = (\S+)")
_COUNTED = " nwlab_lines = nwlab_lines + 1"


class FaultyServer:
    """Remembers what it is told, answers `print`, and treats answers to chosen questions by a fault."""

    def __init__(self) -> None:
        self.identity = IDENTITY
        self.heard: list[str] = []
        self.settings = {"localnode.linefreq": "50"}
        self.block = b"#0\n"
        self.deaf: dict[str, str] = {}  # settings that are not taken, and what they stay at
        self._faults: list[tuple[str, Fault]] = []
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.address = f"TCPIP::127.0.0.1::{self._listening.getsockname()[1]}::SOCKET"
        self._clients: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def plan(self, question: str, *faults: Fault) -> None:
        """Let the next answers to a question that contains these words go wrong, one fault each."""
        self._faults += [(question, fault) for fault in faults]

    def reboot(self) -> None:
        """Forget everything but the line frequency."""
        self.settings = {"localnode.linefreq": "50"}

    def send(self, data: bytes) -> None:
        """Say something that nobody asked for."""
        self._clients[-1].sendall(data)

    def close(self) -> None:
        """Leave."""
        for each in (self._listening, *self._clients):
            each.close()

    def _accept(self) -> None:
        while True:
            try:
                client = self._listening.accept()[0]
            except OSError:
                return
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self._clients.append(client)
            threading.Thread(target=self._serve, args=(client,), daemon=True).start()

    def _serve(self, client: socket.socket) -> None:
        with (
            contextlib.suppress(OSError, ValueError),
            client,
            client.makefile(newline="\n", encoding="latin1") as lines,
        ):
            for line in lines:
                self.heard.append(line.removesuffix("\n"))
                reply = self.answer(self.heard[-1])
                if reply is not None:
                    self._fault(self.heard[-1])(client, reply)

    def _fault(self, question: str) -> Fault:
        for index, (words, fault) in enumerate(self._faults):
            if words in question:
                del self._faults[index]
                return fault
        return socket.socket.sendall

    def answer(self, line: str) -> bytes | None:
        """Answer a line; None when it asks for nothing."""
        if line == "*IDN?":
            return self.identity.encode() + b"\n"
        found = _QUESTION.fullmatch(line)
        if not found:
            if line.endswith(_COUNTED):
                self.settings["nwlab_lines"] = str(int(self.settings["nwlab_lines"]) + 1)
                line = line.removesuffix(_COUNTED)
            self.settings.update({name: self.deaf.get(name, value) for name, value in _SETTING.findall(line)})
            return None
        text, asked, rest = found.groups()
        fields = [text, *map(self._value, asked.split(", ") if asked else ())]
        return "\t".join(fields).encode() + b"\n" + (self.block if rest else b"")

    def _value(self, name: str) -> str:
        value = self.settings.get(name, "nil" if name == "nwlab_mark" else "0")
        if value.startswith('"'):
            return value.strip('"')
        value = CODES.get(value, value)
        try:
            return f"{float(value):.9e}"
        except ValueError:
            return value if name.endswith("next()") or value == "nil" else "0.000000000e+00"


def late(seconds: float) -> Fault:
    """Answer later."""
    return lambda client, reply: threading.Timer(seconds, _send, (client, reply)).start()


def split(at: int, pause: float = 0.002) -> Fault:
    """Answer in two pieces."""

    def fault(client: socket.socket, reply: bytes) -> None:
        client.sendall(reply[:at])
        threading.Event().wait(pause)
        client.sendall(reply[at:])

    return fault


def changed(change: Callable[[bytes], bytes]) -> Fault:
    """Answer something else."""
    return lambda client, reply: client.sendall(change(reply))


def lost(client: socket.socket, reply: bytes) -> None:
    """Answer nothing."""


def endless(client: socket.socket, reply: bytes) -> None:
    """Answer without end, until the other side has left."""
    while True:
        client.sendall(b"x" * 4096)


def finished(at: int) -> Fault:
    """Close the connection within the answer (FIN)."""

    def fault(client: socket.socket, reply: bytes) -> None:
        client.sendall(reply[:at])
        client.shutdown(socket.SHUT_RDWR)

    return fault


def reset(client: socket.socket, reply: bytes) -> None:
    """Reset the connection (RST)."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    socket.close(client.detach())


def hole(client: socket.socket, reply: bytes) -> None:
    """Never answer anything any more, with the connection open."""
    threading.Event().wait(30)


def _send(client: socket.socket, reply: bytes) -> None:
    try:
        client.sendall(reply)
    except OSError:
        client.close()
