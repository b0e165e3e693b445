"""What shows a run while it is played: a window, or the terminal where none can be."""

from __future__ import annotations

import sys
from collections import deque
from pathlib import Path

from nwlab.core.events import Event, Subscriber
from nwlab.lab.window_process import WindowProcess
from nwlab.live import qt_trouble
from nwlab.plot.terminal_plot import TerminalPlot
from nwlab.runs.progress import Progress

_KEPT = 4096  # events, until it is known whether the window comes up


def live_view(folder: Path) -> Subscriber:
    """Return a listener that shows the run in `folder`; it belongs in the background of the run."""
    trouble = qt_trouble.before_import()
    if trouble:
        _tell(f"no window: {trouble}")
        return terminal_view()
    return WindowView(folder)


def terminal_view() -> Subscriber:
    """Return a listener that draws conductance on the terminal; it belongs in the background of a run."""
    return TerminalPlot()


class WindowView:
    """A window beside the run, with a line of progress on the terminal; the terminal's own view when it fails."""

    def __init__(self, folder: Path) -> None:
        self._window = WindowProcess(folder, _tell)
        self._shown: Subscriber = Progress()
        self._kept: deque[Event] | None = deque(maxlen=_KEPT)

    def __call__(self, event: Event) -> None:
        """Take one event; what came before a failed window is shown again by what replaces it."""
        kept = self._kept
        if kept is not None and self._window.has_failed:
            self._shown, self._kept = terminal_view(), None
            for each in kept:
                self._shown(each)
        elif kept is not None:
            self._kept = None if self._window.is_there else kept
            kept.append(event)
        self._shown(event)


def _tell(text: str) -> None:
    start = "\r\x1b[K" if sys.stderr.isatty() else ""
    print(f"{start}nwlab: {text}", file=sys.stderr, flush=True)
