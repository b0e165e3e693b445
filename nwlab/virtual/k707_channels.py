"""The `channel` functions of a Keithley 707B or 708B, as Python methods.

Source: Models 707B and 708B Reference Manual (707B-901-01), section 7. Nothing moves when any part of a list is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence

from nwlab.virtual.channel_list import ChannelListError, ChannelNames
from nwlab.virtual.relays import ConnectRule, Relays

CLOSED = 1
"""Bit of `channel.getstate` (`channel.IND_CLOSED`)."""

_PATTERN_NAME = re.compile(r"[A-Za-z]\w{0,18}")


class Channels:
    """Crosspoints with their delays, prohibitions and patterns. Methods raise ChannelListError."""

    def __init__(self, names: ChannelNames, relays: Relays) -> None:
        self._names, self.relays = names, relays
        self.forbidden: set[str] = set()
        self.patterns: dict[str, Sequence[str]] = {}

    def close(self, channels: object) -> None:
        """Close these, leaving others as they are."""
        self.relays.move([], self._closable(channels))

    def open(self, channels: object) -> None:
        """Open these; whole slots are allowed."""
        self.relays.move(self._list(channels), [])

    def exclusive_close(self, channels: object) -> None:
        """Close these and open all others; an empty list opens all."""
        wanted = [] if _is_blank(channels) else self._closable(channels)
        self.relays.move(self._others(self._names.names, wanted), wanted)

    def exclusive_slot_close(self, channels: object) -> None:
        """Close these and open all others in their slots."""
        wanted = self._closable(channels)
        self.relays.move(self._others(self._names.of_slots_with(wanted), wanted), wanted)

    def get_close(self, channels: object) -> str | None:
        """Return which of these are closed, parted by semicolons; None when none is."""
        return ";".join(sorted(set(self._list(channels)) & self.relays.closed)) or None

    def get_state(self, channels: object, mask: object = None) -> str:
        """Return 1 for closed and 0 for open, parted by commas."""
        bits = CLOSED if mask is None else int(_number(mask)) & CLOSED
        return self._each(channels, lambda name: str(bits if name in self.relays.closed else 0))

    def get_count(self, channels: object) -> str:
        """Return how often each has closed since power-on, parted by commas."""
        return self._each(channels, lambda name: str(self.relays.counts.get(name, 0)))

    def set_delay(self, channels: object, seconds: object) -> None:
        """Set the time to wait after closing, in s."""
        delay = _number(seconds)
        if delay < 0:
            raise ChannelListError("a delay cannot be negative")
        self.relays.delays.update(dict.fromkeys(self._list(channels), delay))

    def get_delay(self, channels: object) -> str:
        """Return the delays in s, parted by commas."""
        return self._each(channels, lambda name: f"{self.relays.delays.get(name, 0.0):.5e}")

    def set_forbidden(self, channels: object) -> None:
        """Prevent these from closing; patterns with them are deleted."""
        self.forbidden.update(self._list(channels, patterns=False))
        self._drop_patterns(self.forbidden)

    def clear_forbidden(self, channels: object) -> None:
        """Allow these to close again."""
        self.forbidden.difference_update(self._list(channels))

    def get_forbidden(self, channels: object) -> str | None:
        """Return which of these must not close, parted by commas; None when all may."""
        return ",".join(sorted(set(self._list(channels)) & self.forbidden)) or None

    def reset(self, channels: object) -> None:
        """Open these, and forget their delays, prohibitions and patterns."""
        names = self._list(channels)
        self.relays.move(names, [])
        for name in names:
            self.relays.delays.pop(name, None)
        self.forbidden.difference_update(names)
        self._drop_patterns(names)

    def reset_all(self) -> None:
        """Bring everything to its defaults."""
        self.reset("allslots")
        self.relays.rule, self.relays.sequential = ConnectRule.BREAK_BEFORE_MAKE, False

    def set_image(self, channels: object, name: object) -> None:
        """Give these a common name."""
        self._keep(name, self._closable(channels))

    def snapshot(self, name: object) -> None:
        """Give what is closed now a common name."""
        self._keep(name, sorted(self.relays.closed))

    def get_image(self, name: object) -> str:
        """Return the channels of a pattern, parted by commas."""
        return ",".join(self.patterns[self._pattern(name)])

    def delete_pattern(self, name: object) -> None:
        """Forget a pattern."""
        del self.patterns[self._pattern(name)]

    def _list(self, channels: object, *, patterns: bool = True, whole: bool = True) -> list[str]:
        if not isinstance(channels, str):
            raise ChannelListError("a channel list must be a string")
        return self._names.expand(channels, self.patterns if patterns else {}, whole=whole)

    def _closable(self, channels: object) -> list[str]:
        names = self._list(channels, whole=False)
        for name in names:
            if name in self.forbidden:
                raise ChannelListError(f"channel {name} is forbidden to close")
        return names

    def _others(self, scope: Iterable[str], wanted: Sequence[str]) -> list[str]:
        return [name for name in scope if name not in wanted]

    def _each(self, channels: object, say: Callable[[str], str]) -> str:
        return ",".join(map(say, self._list(channels)))

    def _keep(self, name: object, channels: Sequence[str]) -> None:
        if not isinstance(name, str) or not _PATTERN_NAME.fullmatch(name) or re.fullmatch(r"(?i)allslots|slot\d", name):
            raise ChannelListError(f"invalid pattern name {name}")
        self.patterns[name] = list(channels)

    def _pattern(self, name: object) -> str:
        if not isinstance(name, str) or name not in self.patterns:
            raise ChannelListError(f"there is no pattern {name}")
        return name

    def _drop_patterns(self, channels: Iterable[str]) -> None:
        gone = set(channels)
        self.patterns = {name: kept for name, kept in self.patterns.items() if not gone & set(kept)}


def _is_blank(channels: object) -> bool:
    return isinstance(channels, str) and not channels.strip()


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ChannelListError(f"{value} is not a number")
    return float(value)
