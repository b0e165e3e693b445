"""A long session of the plots: 10^5 frames, which is an hour at 30 Hz; nothing may grow, nothing may get slower.

python3 tests/soak/live_frames.py [--frames 100000] [--lines 4] [--span SECONDS]

The run has a million samples of each line when the session begins.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]
os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

import numpy as np  # noqa: E402 (the lines above must have been run)
from live.stream import Frames, Stream  # noqa: E402
from peak import size  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402

from nwlab.live.look.theme import LIGHT  # noqa: E402
from nwlab.live.plots.plots import PlotArea  # noqa: E402

SETTLED = 300  # frames, after which everything that is made once has been made
GROWTH = 10.0  # MB
SLOWER = 1.3  # times: the last tenth against the first


def main(arguments: list[str] | None = None) -> int:
    """Run and tell; 0 when everything was as it must be."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--frames", type=int, default=100_000)
    parser.add_argument("--lines", type=int, default=4, help="four lines are 16 curves in four plots")
    parser.add_argument("--samples", type=int, default=1_000_000, help="of each line when the session begins")
    parser.add_argument("--span", type=float, default=30.0, help="s that are seen; 0 = all")
    options = parser.parse_args(arguments)
    application = QApplication.instance() or QApplication([])
    stream = Stream(options.lines)
    stream.grow(options.samples)
    plots = PlotArea(LIGHT)
    plots.resize(1600, 900)
    plots.span = options.span or None
    plots.show()
    told = session(stream, plots, options.frames)
    plots.end()
    plots.close()
    application.processEvents()
    print(json.dumps(told, indent=2))
    return 0 if not told["wrong"] else 1


def session(stream: Stream, plots: PlotArea, count: int) -> dict[str, object]:
    """Paint `count` frames; return what was measured, and what is wrong with it."""
    frames, settled = Frames(), min(SETTLED, count // 10)
    before = 0.0
    for number in range(count):
        if number == settled:
            before = size("VmRSS")
        frames.take(stream, plots)
    growth, tenth = size("VmRSS") - before, max(count // 10, 1)
    # What other programs take from a frame makes it slower, never quicker: the quicker ones tell what it costs.
    parts = frames.own[settled : settled + tenth], frames.own[-tenth:]
    first, last = (float(np.quantile(part, 0.25)) for part in parts)
    wrong = [f"the process grew by {growth:.1f} MB"] if growth > GROWTH else []
    if last > SLOWER * first:
        wrong.append(f"frames took {first:.1f} ms in the beginning and {last:.1f} ms in the end")
    return {
        "frames": count,
        "samples of each line": stream.samples,
        "lower quartile of the first and the last tenth, ms": [round(first, 2), round(last, 2)],
        "p95, ms": round(frames.p95, 2),
        "growth, MB": round(growth, 2),
        "wrong": wrong,
    }


if __name__ == "__main__":
    sys.exit(main())
