"""When a fault strikes: what its table says, and the counting that follows from it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from nwlab.core.files import Table


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold at once for a fault to strike."""

    when: float = 0.0  # s of world time after the bench was opened: not before
    message: str = ""  # only at messages that contain this, or at the replies to them
    nth: int = 1  # only from the nth such message or reply on
    chance: float = 1.0  # of striking each time it could
    times: int = 1  # how often at most; 0 = without end

    @property
    def waits(self) -> bool:
        """Whether it depends on what passes over the wire, and not on time alone."""
        return bool(self.message) or self.chance < 1 or self.nth > 1


def read_condition(table: Table, *, wire: bool) -> Condition:
    """Read the conditions of a fault; only with `wire` may they name messages and chances. Raises FileError."""
    when = table.quantity("when", "s", 0.0)
    if when < 0:
        raise table.error(f"{table.raw('when')!r} is before the bench was opened", "when")
    if not wire:
        return Condition(when)
    condition = Condition(
        when, table.text("message", ""), _from(table, "nth", 1), _chance(table), _from(table, "times")
    )
    if "message" in table and not condition.message:
        raise table.error("an empty text is in every message; leave the key out", "message")
    return condition


def _from(table: Table, key: str, least: int = 0) -> int:
    value = table.integer(key, 1)
    if value < least:
        raise table.error(f"{value} is below {least}", key)
    return value


def _chance(table: Table) -> float:
    chance = table.quantity("chance", "1", 1.0)
    if not 0 < chance <= 1:
        raise table.error(f"{table.raw('chance')!r} is no chance; write more than 0 % and at most 100 %", "chance")
    return chance


class Trap:
    """Decides, message by message or reply by reply, whether one fault strikes."""

    def __init__(self, condition: Condition, start: float, random: np.random.Generator) -> None:
        """`start` is the world time in s at which the bench was opened."""
        self._condition, self._random = condition, random
        self._from = start + condition.when
        self._met = self._sprung = 0

    def springs(self, now: float, message: str) -> bool:
        """Whether it strikes at this message, or at the reply to it, at world time `now` in s."""
        condition = self._condition
        if condition.times and self._sprung >= condition.times:
            return False
        if now < self._from or condition.message not in message:
            return False
        self._met += 1
        if self._met < condition.nth or (condition.chance < 1 and self._random.random() >= condition.chance):
            return False
        self._sprung += 1
        return True
