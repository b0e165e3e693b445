"""The plots while a run goes on: what a frame costs, however long the run is, and that nothing grows.

A frame is 33 new samples of each line (1 kHz at 30 Hz), taken by the scene and painted, offscreen, in a window of
1600 × 900. Costs are those of the window's own thread, because other programs of this machine are not its fault; on a
machine with a core to spare that is what the wall says too.
"""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

import pytest
from live.stream import Frames, Stream
from PySide6.QtWidgets import QApplication

from nwlab.live.look.theme import LIGHT
from nwlab.live.plots.plots import PlotArea

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
HZ = 30.0


@pytest.fixture(scope="module", autouse=True)
def application() -> object:
    return QApplication.instance() or QApplication([])


def window(stream: Stream, span: float | None) -> PlotArea:
    plots = PlotArea(LIGHT)
    plots.resize(1600, 900)
    plots.span = span
    plots.show()
    plots.show_scene(stream.scene)
    QApplication.processEvents()
    return plots


def memory() -> float:
    """MB of this process."""
    (found,) = re.findall(r"VmRSS:\s+(\d+) kB", Path("/proc/self/status").read_text())
    return float(found) / 1024


@pytest.mark.parametrize("span", [None, 30.0])
@pytest.mark.parametrize(("lines", "limit"), [(4, 16.0), (16, 33.0)])
def test_a_million_samples_of_each_line(lines: int, limit: float, span: float | None) -> None:
    """Four lines are 16 curves in four plots and 4 bands; sixteen lines are 64 curves and 16 bands."""
    stream = Stream(lines)
    stream.grow(1_000_000)
    plots, frames = window(stream, span), Frames()
    for _ in range(300):
        began = time.perf_counter()
        frames.take(stream, plots)
        time.sleep(max(0.0, began + 1 / HZ - time.perf_counter()))
    print(f"\n{4 * lines} curves of 10^6 samples, {span or 'all'} s seen: {frames}")
    assert frames.p95 <= limit


@pytest.mark.parametrize("span", [None, 30.0])
def test_a_frame_costs_the_same_however_long_the_run_is(span: float | None) -> None:
    pairs: list[tuple[Stream, PlotArea, Frames]] = []
    for samples in (10_000, 10_000_000):
        stream = Stream(4)
        stream.grow(samples)
        pairs.append((stream, window(stream, span), Frames()))
    for _ in range(400):  # one after the other, so that both see the same machine
        for stream, plots, frames in pairs:
            frames.take(stream, plots)
    for (stream, _, frames), exponent in zip(pairs, (4, 7), strict=True):
        print(f"\n{4 * stream.lines} curves of 10^{exponent} samples, {span or 'all'} s seen: {frames}")
    assert pairs[1][2].p95 <= 1.5 * pairs[0][2].p95


def test_memory_stays() -> None:
    """The short form of `tests/soak/live_frames.py`."""
    stream = Stream(4)
    stream.grow(1_000_000)
    plots, frames = window(stream, 30.0), Frames()
    for _ in range(300):
        frames.take(stream, plots)
    before = memory()
    for _ in range(3000):
        frames.take(stream, plots)
    print(f"\n{memory() - before:.2f} MB more after 3000 frames")
    assert memory() - before < 2.0
