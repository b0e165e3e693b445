"""What a sweep costs: per point beside the bare loop, and two workers beside one."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from nwlab.core.clock import VirtualClock
from nwlab.core.reading import join
from nwlab.lab.opening import load_chip
from nwlab.lab.running import load_protocol
from nwlab.lab.sweep.asking import ask
from nwlab.lab.sweep.book import Book
from nwlab.lab.sweep.executor import executor
from nwlab.lab.sweep.order import SweepOrder
from nwlab.lab.sweep.sweep import play_missing
from nwlab.model.model_chip import ModelChip

QUICK, SLOW = 2000, 64
"""Points of about a millisecond, and of tens of them."""


def quick() -> SweepOrder:
    return ask("pulses", ["stochastic-2025"], {}, [("amplitude", "2 V:4 V:4")], seeds=QUICK // 4)


def slow() -> SweepOrder:
    places = {"source": "1", "sink": "9", "count": 10}
    return ask("pulses", ["nw16"], places, [("amplitude", "2 V:4 V:4")], seeds=SLOW // 4)


def seconds(order: SweepOrder, folder: Path, where: str) -> float:
    book, workers = Book(folder, order, {}), executor(where)
    since = time.perf_counter()
    play_missing(order, book, workers, lambda kept: None)
    spent = time.perf_counter() - since
    book.close()
    workers.close()
    return spent


def bare(order: SweepOrder) -> float:
    """The loop that a physicist writes: the same chip and drives, and the last reading of each."""
    file = load_chip(order.chips[0].path)
    protocol = load_protocol(order.protocol.path, **order.settings)
    drives = list(protocol.bind(file.terminals).drives())
    since = time.perf_counter()
    for number in range(order.points):
        chip = ModelChip(file.film(order.point(number).seed), file.terminals, file.limits, VirtualClock())
        for drive in drives:
            assert join(chip.apply(drive)).current[-1, 0] != 0
    return time.perf_counter() - since


def test_overhead_per_point(tmp_path: Path) -> None:
    order = quick()
    bare(order), seconds(order, tmp_path / "warm", "serial")
    pairs = [(bare(order), seconds(order, tmp_path / f"{turn}", "serial")) for turn in range(5)]
    alone, swept = (statistics.median(pair[side] for pair in pairs) / order.points * 1e6 for side in (0, 1))
    print(
        f"\n{order.points} points: {alone:.0f} us each in a bare loop, {swept:.0f} in a sweep: {swept - alone:+.0f} us"
    )
    assert swept - alone < 1000


@pytest.mark.parametrize("make", [quick, slow])
def test_two_workers(tmp_path: Path, make: object) -> None:
    order = make()  # type: ignore[operator]
    seconds(order, tmp_path / "warm", "serial")
    alone: Sequence[float] = [seconds(order, tmp_path / f"serial{turn}", "serial") for turn in range(3)]
    for where in ("processes:2", "joblib:2"):
        spent = [seconds(order, tmp_path / f"{where}{turn}", where) for turn in range(3)]
        ratio = statistics.median(alone) / statistics.median(spent)
        print(
            f"\n{order.points} points: {statistics.median(alone):.2f} s one by one, {statistics.median(spent):.2f} s "
            f"with {where}, start included: {ratio:.2f} times as fast"
        )
