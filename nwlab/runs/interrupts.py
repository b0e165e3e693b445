"""Ctrl-C, SIGTERM and a closed terminal as exceptions, and moments in which they have to wait."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Generator
from types import FrameType

from nwlab.core.errors import Terminated

Handler = Callable[[int, FrameType | None], object]

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")


@contextlib.contextmanager
def interrupts() -> Generator[None]:
    """Turn the first SIGINT into KeyboardInterrupt, the first SIGTERM or SIGHUP into Terminated.

    Whatever comes after that first one is ignored until the block ends, so that bringing the chip to rest and outputs
    off cannot itself be interrupted. Outside the main thread this does nothing. A signal that was ignored (`nohup`)
    stays ignored.
    """
    raised = False

    def strike(number: int, _: FrameType | None) -> None:
        nonlocal raised
        if not raised:
            raised = True
            raise KeyboardInterrupt if number == signal.SIGINT else Terminated(signal.strsignal(number))

    with _handlers(strike):
        yield


@contextlib.contextmanager
def held() -> Generator[None]:
    """Let signals wait until the block is done: what is inside happens whole or not at all."""
    pending: list[tuple[int, FrameType | None]] = []
    with _handlers(lambda number, frame: pending.append((number, frame))) as before:
        yield
    for number, frame in pending[:1]:
        handler = before[number]
        if callable(handler):
            handler(number, frame)
        else:
            signal.raise_signal(number)


@contextlib.contextmanager
def _handlers(handler: Handler) -> Generator[dict[int, object]]:
    before: dict[int, object] = {}
    if threading.current_thread() is not threading.main_thread():
        yield before
        return
    try:
        for number in _signals():
            before[number] = signal.signal(number, handler)
        yield before
    finally:
        for number, old in before.items():
            signal.signal(number, old)  # pyright: ignore[reportArgumentType]


def _signals() -> list[signal.Signals]:
    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    return [number for number in known if signal.getsignal(number) not in (signal.SIG_IGN, None)]
