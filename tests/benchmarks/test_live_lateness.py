"""What a window does to an acquisition at 1 kHz, and how soon a sample is seen."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

from PySide6.QtCore import QSettings
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nwlab.live.run.condition import Stage
from nwlab.live.run.watched import Watched
from nwlab.live.window import LiveWindow

PACER = Path(__file__).with_name("pacer.py")
PAIRS, SECONDS = 8, 8.0


@contextmanager
def window(folder: Path) -> Iterator[None]:
    """A window in a process of its own, which is there."""
    command = [sys.executable, "-m", "nwlab", "live", str(folder), "--of-run"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, process_group=0)
    try:
        assert process.stderr is not None
        assert "the window is there" in process.stderr.read()
        process.stderr.close()
        yield
        assert process.poll() is None
    finally:
        process.kill()
        process.wait()


def late(folder: Path) -> np.ndarray:
    """Play and return by how much each sample was late, s."""
    subprocess.run([sys.executable, str(PACER), str(folder), str(SECONDS)], check=True)
    return np.load(folder / "late.npy")[0]


def test_a_window_does_not_delay_an_acquisition(tmp_path: Path) -> None:
    found: dict[str, list[np.ndarray]] = {"without": [], "with": []}
    for pair in range(PAIRS):
        for kind in ("without", "with") if pair % 2 == 0 else ("with", "without"):
            folder = tmp_path / f"{pair}{kind}"
            folder.mkdir()
            if kind == "without":
                found[kind].append(late(folder))
            else:
                with window(folder):
                    found[kind].append(late(folder))
    print(f"\n1 kHz for {SECONDS:g} s, {PAIRS} interleaved pairs: ms late, median of the runs (their quartiles)")
    for share in (50, 99):
        values = {kind: 1e3 * np.array([np.percentile(each, share) for each in runs]) for kind, runs in found.items()}
        told = {
            kind: "{1:.3f} ({0:.3f} to {2:.3f})".format(*np.percentile(each, [25, 50, 75]))
            for kind, each in values.items()
        }
        print(f"  p{share}: without a window {told['without']}, with one {told['with']}")
        difference = abs(np.median(values["with"]) - np.median(values["without"]))
        spread = max(np.subtract(*np.percentile(each, [75, 25])) for each in values.values())
        assert difference < spread
    print(
        f"  worst: {1e3 * max(each.max() for each in found['without']):.1f} without, "
        f"{1e3 * max(each.max() for each in found['with']):.1f} with"
    )


class Painting(LiveWindow):
    """Notes when how many samples had been painted."""

    painted: list[tuple[float, int]]

    def tick(self) -> None:
        super().tick()
        self.plots.repaint()
        samples = self.watched.scene.progress.samples
        if not hasattr(self, "painted"):
            self.painted = []
        self.painted.append((time.monotonic(), samples))


@pytest.fixture
def app(tmp_path: Path) -> QApplication:
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    return QApplication([])


def test_a_sample_is_painted_soon(tmp_path: Path, app: QApplication) -> None:
    folder = tmp_path / "r"
    folder.mkdir()
    shown = Painting(Watched(folder))
    shown.resize(1366, 768)
    shown.show()
    process = subprocess.Popen([sys.executable, str(PACER), str(folder), "20"])
    while shown.watched.condition.stage is not Stage.OVER:
        QTest.qWait(20)
        assert process.poll() in (None, 0)
    process.wait()
    shown.close()
    kept = np.load(folder / "late.npy")[1]
    times, samples = (np.array(each) for each in zip(*shown.painted, strict=True))
    paint = np.searchsorted(samples, np.arange(1, kept.size + 1))
    waited = 1e3 * (times[paint] - kept)
    print(
        f"\nsample on record to painted, {kept.size} samples at 1 kHz in blocks of one: "
        f"p50 {np.percentile(waited, 50):.1f} ms, p95 {np.percentile(waited, 95):.1f} ms, worst {waited.max():.1f} ms"
    )
    assert np.percentile(waited, 95) < 100
