"""Detail is fetched beside the window's own thread; what is asked for last is what counts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from nwlab.core.errors import NwlabError
from nwlab.core.frames import DamageError
from nwlab.live.scene.column import Pair
from nwlab.live.scene.detail import Detail, Taken, close_look
from nwlab.live.scene.line import Line


@dataclass(frozen=True, slots=True, eq=False)
class _Request:
    detail: Detail
    lines: Mapping[Pair, Line]
    begin: float  # s
    end: float  # s


class Loader(QObject):
    """One thread that looks closely; it ends with `close`."""

    arrived = Signal(object)
    """A Close has been fetched."""
    failed = Signal(str)
    """It could not be fetched, and why."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._wanted: _Request | None = None
        self._change = threading.Condition()
        self._closed = False
        self._thread: threading.Thread | None = None

    def ask(self, detail: Detail, lines: Mapping[Pair, Line], begin: float, end: float) -> None:
        """Fetch what happened from `begin` to `end` s, instead of what was asked for before."""
        with self._change:
            self._wanted = _Request(detail, dict(lines), begin, end)
            self._change.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="detail", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """End the thread."""
        with self._change:
            self._closed, self._wanted = True, None
            self._change.notify()
        if self._thread is not None:
            self._thread.join()

    def _work(self) -> None:
        done: _Request | None = None
        while True:
            with self._change:
                while self._wanted is done and not self._closed:
                    self._change.wait()
                if self._closed:
                    return
                done = self._wanted
            if done is not None:
                self._fetch(done)

    def _fetch(self, request: _Request) -> None:
        try:
            taken = self._while_wanted(request)
            close = close_look(taken, request.lines, request.begin, request.end)
        except (NwlabError, DamageError, OSError) as error:
            self.failed.emit(str(error))
            return
        if self._wanted is request:
            self.arrived.emit(close)

    def _while_wanted(self, request: _Request) -> Iterator[Taken]:
        for each in request.detail(request.begin, request.end):
            if self._wanted is not request:
                return
            yield each
