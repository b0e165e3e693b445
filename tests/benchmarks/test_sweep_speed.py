"""What a sweep costs: a point of it beside the bare loop, and two workers beside one.

Time of the processor says that also on a busy computer; how long one waits for the table only an idle one can tell.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
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

ROUNDS = 3
COUNTING = [sys.executable, "-c", "sum(range(50_000_000))"]
QUIET = 1.85
"""Times as much as one program gets done by two, on an idle computer at least."""


def quick() -> SweepOrder:
    """Points of about a millisecond."""
    return ask("pulses", ["stochastic-2025"], {}, [("amplitude", "2 V:4 V:4")], seeds=250)


def slow() -> SweepOrder:
    """Points of about a tenth of a second."""
    places = {"source": "1", "sink": "9", "count": 5}
    return ask("pulses", ["nw16"], places, [("amplitude", "2 V:4 V:4")], seeds=3)


def long() -> SweepOrder:
    """Points for some ten seconds: a worker needs nearly two until it has its first one, and these must not count."""
    return ask("stochastic", ["stochastic-2025"], {}, [], seeds=10_000)


def sweep(order: SweepOrder, folder: Path, where: str) -> tuple[float, float]:
    """Return how long one waits and how long processors work, in s."""
    book, workers = Book(folder, order, {}), executor(where)
    since, before = time.perf_counter(), sum(os.times()[:4])
    play_missing(order, book, workers, lambda kept: None)
    spent = time.perf_counter() - since, sum(os.times()[:4]) - before
    book.close()
    workers.close()
    return spent


def bare(order: SweepOrder) -> float:
    """The loop that a physicist writes: the same chips and drives, and the last reading of each; s of the processor."""
    file = load_chip(order.chips[0].path)
    bound = [
        load_protocol(order.protocol.path, **order.settings, amplitude=amplitude).bind(file.terminals)
        for amplitude in order.axes[0].values
    ]
    since = time.process_time()
    for number in range(order.points):
        chip = ModelChip(file.film(order.point(number).seed), file.terminals, file.limits, VirtualClock())
        for drive in bound[number // order.repetitions].drives():
            assert join(chip.apply(drive)).current[-1, 0] != 0
    return time.process_time() - since


def test_overhead_per_point(tmp_path: Path) -> None:
    order = quick()
    bare(order)
    sweep(order, tmp_path / "warm", "serial")
    pairs = [(bare(order), sweep(order, tmp_path / f"{turn}", "serial")[1]) for turn in range(ROUNDS)]
    alone, swept = (statistics.median(pair[side] for pair in pairs) / order.points * 1e6 for side in (0, 1))
    print(
        f"\n{order.points} points: {alone:.0f} us each in a bare loop, {swept:.0f} in a sweep: {swept - alone:+.0f} us"
    )
    assert swept - alone < 2000


@pytest.mark.parametrize("make", [quick, slow])
def test_two_workers(tmp_path: Path, make: Callable[[], SweepOrder]) -> None:
    order = make()
    places = ("serial", "processes:2")
    sweep(order, tmp_path / "warm", "serial")
    turns = [[sweep(order, tmp_path / f"{where}{turn}", where) for where in places] for turn in range(ROUNDS)]
    (alone, worked), (two, worked_two) = (
        [statistics.median(turn[place][side] for turn in turns) for side in (0, 1)] for place in (0, 1)
    )
    print(
        f"\n{order.points} points: {alone:.2f} s one by one, {two:.2f} s with two workers and their start: "
        f"{alone / two:.2f} times as fast; processors worked {worked:.2f} and {worked_two:.2f} s"
    )


def free_processors() -> float:
    """How much more two programs get done than one, here and now: 2 when two processors have nothing else to do."""

    def seconds(programs: int) -> float:
        since = time.perf_counter()
        for started in [subprocess.Popen(COUNTING) for _ in range(programs)]:
            started.wait()
        return time.perf_counter() - since

    return 2 * seconds(1) / seconds(2)


def test_two_workers_are_worth_it_where_there_is_much_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At least 1.4 times as fast, start included; on a busy computer this is only printed."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):  # as `nwlab sweep` does
        monkeypatch.setenv(name, "1")
    order = long()
    sweep(quick(), tmp_path / "warm", "serial")
    free = [free_processors()]
    alone, two = (sweep(order, tmp_path / where, where)[0] for where in ("serial", "processes:2"))
    free.append(free_processors())
    print(
        f"\n{order.points} points: {alone:.1f} s one by one, {two:.1f} s with two workers and their start: "
        f"{alone / two:.2f} times as fast, where two programs get done {min(free):.2f} times as much as one"
    )
    if min(free) < QUIET:
        pytest.skip("two processors are not free: how long one waits says nothing")
    assert alone / two >= 1.4
