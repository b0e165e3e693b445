"""Ctrl-C, SIGTERM and a closed terminal: what they do to a run, and moments in which they have to wait."""

from __future__ import annotations

import contextlib
import os
import signal
import threading
from collections.abc import Callable, Generator
from enum import IntEnum
from types import FrameType

from nwlab.core.errors import Stopped, Terminated

Ask = Callable[[BaseException], None]
"""Asks a run to end with this error after its present block."""

_NAMES = ("SIGINT", "SIGTERM", "SIGHUP")
_TOLD = b"nwlab: stopping after this block; press Ctrl-C again to stop now\n"
_RUNS: list[Ask] = []
"""The runs that are being played, in whatever thread."""


class _Manner(IntEnum):
    """What becomes of a signal that has to end the program."""

    RAISE = 0
    WAIT = 1  # until it does no harm; the first Ctrl-C asks the run to end at once
    HOLD = 2  # until it does no harm, the first Ctrl-C like any other
    DROP = 3


class Interrupts:
    """What signals do at this moment.

    While a run is played, the first Ctrl-C asks it to end after its present block. The second one, SIGTERM and SIGHUP
    become an exception; there is one such exception at most, so that what it sets going is not interrupted again.
    """

    def __init__(self) -> None:
        self._asked = self._is_over = False
        self._manner = _Manner.RAISE
        self._waiting: int | None = None
        self._enough: Callable[[], None] | None = None

    def strike(self, number: int, _: FrameType | None) -> None:
        """Take a signal; raises KeyboardInterrupt or Terminated."""
        if self._enough is not None:
            enough, self._enough = self._enough, None
            enough()
            if number == signal.SIGINT:
                return
        if self._is_over or self._manner is _Manner.DROP:
            return
        if self._manner is not _Manner.HOLD and number == signal.SIGINT and _RUNS and not self._asked:
            self._asked = True
            _end_runs(Stopped("Ctrl-C"))
            _say(_TOLD)
        elif self._manner >= _Manner.WAIT:
            self._waiting = self._waiting or number
        else:
            self._raise(number)

    @contextlib.contextmanager
    def playing(self, ask: Ask) -> Generator[None]:
        """While a run is played that `ask` can end; signals wait, but for the moments of `open`.

        One that came too late to end a run which has finished ends the program afterwards.
        """
        before, self._manner = self._manner, max(self._manner, _Manner.WAIT)
        _RUNS.append(ask)
        try:
            yield
        finally:
            _RUNS.remove(ask)
            self._manner = before
        if self._asked and self._waiting is None:
            self._waiting = signal.SIGINT
        self._strike_again()

    @contextlib.contextmanager
    def holding(self) -> Generator[None]:
        """While signals are remembered; the first takes effect at the end, unless an error is on its way already."""
        before, self._manner = self._manner, max(self._manner, _Manner.HOLD)
        try:
            yield
        finally:
            self._manner = before
        self._strike_again()

    @contextlib.contextmanager
    def waiting(self, enough: Callable[[], None]) -> Generator[None]:
        """While something is waited for that nothing depends on: the first signal calls `enough`, which ends that.

        A Ctrl-C does no more than that, even where others are ignored. `enough` runs in the midst of whatever the main
        thread does, and so must not take locks.
        """
        self._enough = enough
        try:
            yield
        finally:
            self._enough = None

    @contextlib.contextmanager
    def open(self) -> Generator[None]:
        """While signals may strike."""
        try:
            self.let()
            yield
        finally:
            self.wait()

    def let(self) -> None:
        """Let signals strike from now on, one that waits at once; raises KeyboardInterrupt or Terminated."""
        self._manner = _Manner.RAISE
        if self._waiting is not None:
            number, self._waiting = self._waiting, None
            self._raise(number)

    def wait(self) -> None:
        """Have signals wait from now on."""
        self._manner = _Manner.WAIT

    def finish(self) -> None:
        """Have signals wait until the run, which has finished, is closed and told: then they end the program."""
        self._manner = _Manner.HOLD

    def drop(self) -> None:
        """Ignore signals until the end of the run has been told: the way to it is not interrupted."""
        self._manner, self._waiting = _Manner.DROP, None

    def settle(self) -> None:
        """Ignore signals from now on: the run was ended on request, and the program is on its way out."""
        self._is_over = True

    @contextlib.contextmanager
    def foreign(self) -> Generator[None]:
        """While code runs that nothing depends on any more and that may hang: signals strike, even after one did."""
        before = self._manner, self._is_over
        self._is_over, self._waiting, self._manner = False, None, _Manner.RAISE
        try:
            yield
        finally:
            self._manner, self._is_over = before

    def _strike_again(self) -> None:
        """Let a signal that waits do what it would do if it came now."""
        if self._waiting is not None:
            number, self._waiting = self._waiting, None
            self.strike(number, None)

    def _raise(self, number: int) -> None:
        self._is_over = True
        error = KeyboardInterrupt() if number == signal.SIGINT else Terminated(signal.strsignal(number))
        # A protocol or a chip may swallow the exception; the run ends all the same.
        _end_runs(error)
        raise error


_IN_FORCE: list[Interrupts] = []


@contextlib.contextmanager
def interrupts(*, last: bool = False) -> Generator[Interrupts]:
    """Have SIGINT, SIGTERM and SIGHUP taken as `Interrupts` says; inside another such block, by that one.

    After the `last` block of a program Ctrl-C stays ignored, so that whoever goes on pressing it does not change how
    the program leaves.

    Only the main thread is struck by signals. In another one nothing strikes, but the first Ctrl-C that the main thread
    takes here asks the runs of all threads to end. A signal that was ignored (`nohup`) stays ignored.
    """
    if threading.current_thread() is not threading.main_thread():
        yield Interrupts()
        return
    if _IN_FORCE:
        yield _IN_FORCE[0]
        return
    taken = Interrupts()
    _IN_FORCE.append(taken)
    try:
        with _handlers(taken.strike, last=last):
            yield taken
    finally:
        _IN_FORCE.clear()


@contextlib.contextmanager
def shielded() -> Generator[None]:
    """Let a clean-up run to its end: SIGINT, SIGTERM and SIGHUP are remembered meanwhile, and not raised.

    The first one takes effect at the end: as KeyboardInterrupt or Terminated, or, within a run, as there. An error that
    leaves the clean-up is not hidden by it. Off the main thread, which no signal strikes, this does nothing.
    """
    with interrupts() as taken, taken.holding():
        yield


@contextlib.contextmanager
def _handlers(handler: Callable[[int, FrameType | None], None], *, last: bool) -> Generator[None]:
    before = {number: signal.getsignal(number) for number in _signals()}
    try:
        for number in before:
            signal.signal(number, handler)
        yield
    finally:
        for number, old in before.items():
            signal.signal(number, signal.SIG_IGN if last and number == signal.SIGINT else old)


def _signals() -> list[signal.Signals]:
    known = [getattr(signal, name) for name in _NAMES if hasattr(signal, name)]
    return [number for number in known if signal.getsignal(number) not in (signal.SIG_IGN, None)]


def _end_runs(error: BaseException) -> None:
    for ask in _RUNS:
        ask(error)


def _say(text: bytes) -> None:
    """Write past `sys.stderr`, which may be in the midst of a line of its own when a signal comes."""
    with contextlib.suppress(OSError):
        os.write(2, b"\n" + text if os.isatty(2) else text)
