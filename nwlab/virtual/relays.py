"""The relays of a switching mainframe: what is closed, in which order it moves, and how long that takes.

Source: Models 707B and 708B Reference Manual (707B-901-01), section 7, `channel` functions. Contacts move at the end of
their operate or release time, so that a break-before-make action is open for a whole operate time.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from enum import IntEnum

OPERATE = RELEASE = 0.015
"""Seconds a low-current matrix card's relay takes, bounce included."""


class ConnectRule(IntEnum):
    """The order in which one action opens and closes relays."""

    OFF = 0
    BREAK_BEFORE_MAKE = 1
    MAKE_BEFORE_BREAK = 2


def _nobody(_: frozenset[str]) -> None:
    """Be told in vain."""


def _as_driven(driven: frozenset[str]) -> frozenset[str]:
    return driven


class Relays:
    """Relays by name. `conduct` is told after each movement which coils are driven; `wait` lets time pass.

    `told` says what reading back gives for these coils: the same, where every contact is sound.
    """

    def __init__(
        self,
        conduct: Callable[[frozenset[str]], None],
        wait: Callable[[float], None],
        told: Callable[[frozenset[str]], frozenset[str]] = _as_driven,
    ) -> None:
        self._conduct, self._wait, self._told = conduct, wait, told
        self._driven: frozenset[str] = frozenset()
        self.counts: dict[str, int] = {}
        self.delays: dict[str, float] = {}
        self.rule = ConnectRule.BREAK_BEFORE_MAKE
        self.sequential = False

    @property
    def closed(self) -> frozenset[str]:
        """Which are closed, as reading back tells."""
        return self._told(self._driven)

    def cut_power(self) -> None:
        """Let go of every contact, for good: a program that still runs cannot move them any more."""
        self._settle(frozenset())
        self._conduct = _nobody

    def move(self, to_open: Iterable[str], to_close: Iterable[str]) -> None:
        """Open and close relays by the connection rule; those already there do not move."""
        opening = [name for name in to_open if name in self._driven]
        closing = [name for name in to_close if name not in self._driven]
        if self.rule is ConnectRule.OFF:
            self._wait(max(self._duration(opening, RELEASE), self._duration(closing, OPERATE)))
            self._settle((self._driven - set(opening)) | set(closing))
        elif self.rule is ConnectRule.BREAK_BEFORE_MAKE:
            self._open(opening)
            self._close(closing)
        else:
            self._close(closing)
            self._open(opening)
        self._finish(closing)

    def _open(self, names: Collection[str]) -> None:
        if names:
            self._wait(self._duration(names, RELEASE))
            self._settle(self._driven - set(names))

    def _close(self, names: Collection[str]) -> None:
        if names:
            self._wait(self._duration(names, OPERATE))
            self._settle(self._driven | set(names))

    def _duration(self, names: Collection[str], one: float) -> float:
        return one * (len(names) if self.sequential else min(len(names), 1))

    def _settle(self, driven: frozenset[str]) -> None:
        if driven != self._driven:
            self._driven = driven
            self._conduct(driven)

    def _finish(self, closed: Collection[str]) -> None:
        """Count closures, and wait for the user's delay, which only closing adds."""
        for name in closed:
            self.counts[name] = self.counts.get(name, 0) + 1
        delays = [self.delays.get(name, 0.0) for name in closed]
        self._wait(sum(delays) if self.sequential else max(delays, default=0.0))
