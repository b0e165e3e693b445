"""A chip's network, built in a process of its own.

Building takes seconds where the network's loops must be compiled first, needs memory that the window would keep, and
may run a lab's own code; the window neither waits nor shares its fate.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from contextlib import suppress
from io import BytesIO

import numpy as np

from nwlab.core.errors import AskedError
from nwlab.core.record import Document
from nwlab.live.chip.layout import ChipLayout, Wires, has_network, of_chip, sketch


class ChipReader:
    """Brings the layout of a chip: a sketch at once, the network when it is built."""

    def __init__(self, document: Document | None, terminals: tuple[str, ...]) -> None:
        """`document` is the chip file as the record of a run has it; `terminals` are those of the run."""
        self._terminals = terminals
        self._next: ChipLayout | None = sketch(document, terminals)
        self._process: subprocess.Popen[bytes] | None = None
        self._waiter = threading.Thread(target=self._wait, name="chip reader", daemon=True)
        if document is not None and has_network(document):
            self._order = json.dumps({"path": document.path, "text": document.text, "terminals": terminals})
            self._process = _start()
            self._waiter.start()

    def poll(self) -> ChipLayout | None:
        """Return a layout that has not been returned before; None when there is none."""
        layout, self._next = self._next, None
        return layout

    def close(self) -> None:
        """Give up what is not ready."""
        if self._process is not None:
            self._process.kill()

    def wait(self, patience: float) -> bool:
        """Wait at most so many seconds until nothing more can come; return whether that is so."""
        if self._process is not None:
            self._waiter.join(patience)
        return not self._waiter.is_alive()

    def _wait(self) -> None:
        process = self._process
        assert process is not None
        answer, _ = process.communicate(self._order.encode())
        if process.returncode == 0 and answer:
            self._next = _unpack(answer, self._terminals)


def _start() -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "nwlab.live.chip.reader"]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)


def _pack(layout: ChipLayout) -> bytes:
    wires, file = layout.wires, BytesIO()
    assert wires is not None
    np.savez(
        file,
        position=layout.position,
        radius=layout.radius,
        extent=wires.extent,
        junctions=wires.junctions,
        conductance=wires.conductance,
    )
    return file.getvalue()


def _unpack(answer: bytes, terminals: tuple[str, ...]) -> ChipLayout:
    with np.load(BytesIO(answer)) as found:
        wires = Wires(found["extent"], found["junctions"], found["conductance"])
        return ChipLayout(terminals, found["position"], found["radius"], is_to_scale=True, wires=wires)


def _answer(order: bytes) -> bytes:
    """Return the packed layout that was asked for; nothing when the chip file cannot be used here."""
    from nwlab.model.chip_file import parse_chip

    asked = json.loads(order)
    with suppress(AskedError):
        layout = of_chip(parse_chip(asked["text"], asked["path"]), tuple(asked["terminals"]))
        return b"" if layout is None else _pack(layout)
    return b""


if __name__ == "__main__":
    sys.stdout.buffer.write(_answer(sys.stdin.buffer.read()))
