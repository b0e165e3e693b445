"""What the plot in the terminal costs: an event, a picture, and memory after ten million samples."""

from __future__ import annotations

import io
import statistics
import time
import tracemalloc

import numpy as np
import pytest

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, RunStarted
from nwlab.core.reading import Reading
from nwlab.plot.terminal_plot import TerminalPlot


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True

    def write(self, text: str) -> int:
        return len(text)


def started(forces: int, steps: int) -> tuple[TerminalPlot, VirtualClock, Drive]:
    clock = VirtualClock()
    plot = TerminalPlot(Screen(), clock, {"TERM": "xterm"})
    levels = np.full(steps, 1.0)
    drive = Drive(np.full(steps, 1e-3), tuple(Force(k, Quantity.VOLTAGE, levels, 1e-3) for k in range(forces)))
    plot(RunStarted(tuple(f"T{k}" for k in range(forces)), steps, drive.duration))
    plot(DriveStarted(0, drive, "1 hold"))
    return plot, clock, drive


def block(first: int, steps: int, forces: int, noise: np.ndarray) -> BlockArrived:
    onset = (first + np.arange(steps)) * 1e-3
    voltage = np.ones((steps, forces))
    flags = np.zeros((steps, forces), np.bool_)
    time_ = onset[:, None] + 5e-4 * voltage
    return BlockArrived(0, first, Reading(0.0, onset, time_, 1e-3 * voltage, voltage, noise[:steps], flags, flags))


@pytest.mark.parametrize(("forces", "steps"), [(1, 1), (1, 100), (16, 1), (16, 100)])
def test_cost_of_an_event(forces: int, steps: int) -> None:
    count = 3000
    plot, _, _ = started(forces, count * steps)
    noise = np.random.default_rng(1).uniform(1e-6, 1e-4, (steps, forces))
    events = [block(index * steps, steps, forces, noise) for index in range(count)]
    since = time.perf_counter()
    for event in events:
        plot(event)
    spent = (time.perf_counter() - since) / count * 1e6
    print(f"\n{forces} forces, blocks of {steps}: {spent:.0f} us an event, {spent / steps / forces:.2f} us a sample")
    assert spent < 2000


@pytest.mark.parametrize("forces", [1, 6, 16])
def test_cost_of_a_picture(forces: int) -> None:
    plot, clock, _ = started(forces, 1_000_000)
    noise = np.random.default_rng(1).uniform(1e-6, 1e-4, (1000, forces))
    spent: list[float] = []
    for first in range(0, 200_000, 1000):
        event = block(first, 1000, forces, noise)
        clock.sleep(1.0)
        since = time.perf_counter()
        plot(event)
        spent.append((time.perf_counter() - since) * 1e3)
    middle, p95 = statistics.median(spent), float(np.percentile(spent, 95))
    print(f"\n{forces} forces: {middle:.2f} ms a picture with 1000 samples, p95 {p95:.2f} ms; five a second at most")
    assert middle < 50


def test_ten_million_samples_in_bounded_memory() -> None:
    steps, each = 10_000_000, 20_000
    plot, clock, _ = started(1, steps)
    noise = np.random.default_rng(1).uniform(1e-6, 1e-4, (each, 1))
    tracemalloc.start()
    spent: list[float] = []
    early = 0
    for first in range(0, steps, each):
        event = block(first, each, 1, noise)
        clock.sleep(1.0)
        since = time.perf_counter()
        plot(event)
        spent.append(time.perf_counter() - since)
        if first == 10 * each:
            early, _ = tracemalloc.get_traced_memory()
    late, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    first, last = statistics.median(spent[:100]), statistics.median(spent[-100:])
    print(f"\n10 million samples: {sum(spent):.1f} s, {(late - early) / 1e3:+.0f} kB since the first 200 thousand")
    print(f"a block of {each} with its picture: {first * 1e3:.2f} ms at first, {last * 1e3:.2f} ms in the end")
    assert late - early < 100_000
    assert last < 3 * first
