"""Channel lists, and relays that take their time."""

from __future__ import annotations

import pytest

from nwlab.virtual.channel_list import ChannelListError, ChannelNames
from nwlab.virtual.relays import OPERATE, RELEASE, ConnectRule, Relays

NAMES = ChannelNames(6, "ABCDEFGH", 12)


class Recorder:
    def __init__(self) -> None:
        self.time = 0.0
        self.history: list[tuple[float, list[str]]] = []
        self.relays = Relays(self.conduct, self.wait)

    def conduct(self, closed: frozenset[str]) -> None:
        self.history.append((self.time, sorted(closed)))

    def wait(self, seconds: float) -> None:
        self.time += seconds


@pytest.mark.parametrize(
    ("text", "channels"),
    [
        ("1A01", ["1A01"]),
        ("1a01", ["1A01"]),
        ("1A01, 6H12;2B03", ["1A01", "6H12", "2B03"]),
        ("1A01:1A03", ["1A01", "1A02", "1A03"]),
        ("1A11:1B02", ["1A11", "1A12", "1B01", "1B02"]),
        ("1A01,1A01:1A02", ["1A01", "1A02"]),
        ("path, 1C01", ["3A01", "3B02", "1C01"]),
    ],
)
def test_lists_name_channels(text: str, channels: list[str]) -> None:
    assert NAMES.expand(text, {"path": ["3A01", "3B02"]}) == channels


def test_slots_are_whole_cards() -> None:
    assert len(NAMES.expand("slot3", {})) == 96
    assert len(NAMES.expand("allslots", {})) == 576
    assert NAMES.expand("1A01,slot1", {})[:2] == ["1A01", "1A02"]


@pytest.mark.parametrize(
    "text", ["", " ", "1A13", "1I01", "7A01", "slot7", "1A02:1A01", "1A01:", "1A1", "nopath", "1A01,,"]
)
def test_nonsense_is_refused(text: str) -> None:
    with pytest.raises(ChannelListError, match="invalid"):
        NAMES.expand(text, {})


def test_slots_may_be_excluded() -> None:
    with pytest.raises(ChannelListError, match="allslots cannot be used"):
        NAMES.expand("1A01,allslots", {}, whole=False)


def test_columns_count_on_through_the_slots() -> None:
    assert NAMES.place("1A01") == ("A", 1)
    assert NAMES.place("3H12") == ("H", 36)


def test_break_before_make_is_open_for_an_operate_time() -> None:
    bench = Recorder()
    bench.relays.move([], ["1A01"])
    bench.relays.move(["1A01"], ["1A02"])
    opened, closed = bench.history[1:]
    assert opened[1] == []
    assert closed[1] == ["1A02"]
    assert closed[0] - opened[0] == pytest.approx(OPERATE)
    assert bench.time == pytest.approx(2 * OPERATE + RELEASE)


def test_make_before_break_is_never_open() -> None:
    bench = Recorder()
    bench.relays.move([], ["1A01"])
    bench.relays.rule = ConnectRule.MAKE_BEFORE_BREAK
    bench.relays.move(["1A01"], ["1A02"])
    assert [names for _, names in bench.history] == [["1A01"], ["1A01", "1A02"], ["1A02"]]


def test_without_a_rule_all_moves_at_once() -> None:
    bench = Recorder()
    bench.relays.move([], ["1A01"])
    bench.relays.rule = ConnectRule.OFF
    bench.relays.move(["1A01"], ["1A02", "1A03"])
    assert bench.history[1:] == [(pytest.approx(OPERATE + max(OPERATE, RELEASE)), ["1A02", "1A03"])]


def test_sequential_relays_take_turns() -> None:
    bench = Recorder()
    bench.relays.sequential = True
    bench.relays.move([], ["1A01", "1A02", "1A03"])
    assert bench.time == pytest.approx(3 * OPERATE)


def test_what_does_not_move_takes_no_time_and_is_not_counted() -> None:
    bench = Recorder()
    bench.relays.move([], ["1A01"])
    before = bench.time
    bench.relays.move(["1A05"], ["1A01"])
    assert bench.time == before
    assert bench.relays.counts == {"1A01": 1}


def test_a_users_delay_follows_closing_only() -> None:
    bench = Recorder()
    bench.relays.delays["1A01"] = 0.5
    bench.relays.move([], ["1A01", "1A02"])
    assert bench.time == pytest.approx(OPERATE + 0.5)
    bench.relays.move(["1A01"], [])
    assert bench.time == pytest.approx(OPERATE + 0.5 + RELEASE)
