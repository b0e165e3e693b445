"""A small instrument that says what it is told, now or later."""

from __future__ import annotations

from nwlab.virtual.port import Surroundings


class Parrot:
    model = "parrot"

    def __init__(self, world: Surroundings) -> None:
        self.world = world
        self.heard: list[str] = []
        self.cleared = self.triggered = 0
        self._half = self._replies = b""

    def receive(self, data: bytes) -> None:
        *messages, self._half = (self._half + data).split(b"\n")
        for message in messages:
            self._act(message.decode().strip())

    def take(self) -> bytes:
        replies, self._replies = self._replies, b""
        return replies

    def clear(self) -> None:
        self.cleared += 1
        self._half = self._replies = b""

    def status_byte(self) -> int:
        return 64

    def trigger(self) -> None:
        self.triggered += 1

    def _act(self, message: str) -> None:
        self.heard.append(message)
        word, _, rest = message.partition(" ")
        match word:
            case "say":
                self._say(rest.replace("|", "\n").encode())
            case "block":
                self._say(b"#0" + bytes.fromhex(rest))
            case "busy":
                self.world.wait(float(rest))
            case "later":
                delay, _, text = rest.partition(" ")
                self.world.at(self.world.now() + float(delay), lambda: self._say(text.encode()))
            case _:
                pass

    def _say(self, text: bytes) -> None:
        self._replies += text + b"\n"
