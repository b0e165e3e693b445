"""A window beside a run, and what takes its place."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.record import RunInfo
from nwlab.lab.live_view import WindowView
from nwlab.runs.player import play
from nwlab.runs.store import Store


class Aging(OhmicChip):
    """A chip that conducts ten times less after 30 samples."""

    def _reading(self, drive, start, onset, part):
        reading = super()._reading(drive, start, onset, part)
        reading.current[:] *= 1.0 if self._count <= 30 else 0.1
        return reading


def decided(view: WindowView) -> None:
    assert view._window.decided.wait(60.0)


def test_the_plot_that_replaces_a_window_knows_what_came_before(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("QT_QPA_PLATFORM", "xcb")
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    store = Store(tmp_path / "r", RunInfo("x"))
    view = WindowView(tmp_path / "r")
    chip = Aging(block=1, at_block=lambda block: None if block != 30 else decided(view))
    play(several(volts(np.full(60, 1.0), 1.0)), chip, (store, view))
    reason, _, picture = capfd.readouterr().err.partition("no window (the run needs none): ")[2].partition("\n")
    assert "could not connect to display" in reason
    assert "100 uS" in picture
    assert "10 uS" in picture
    assert "finished: 60 samples" in picture
