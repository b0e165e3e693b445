"""What shows a run while it is played: a window, or the terminal where none can be."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path

from nwlab.core.events import Event, Subscriber
from nwlab.lab.aside import aside
from nwlab.lab.window_process import NO_WINDOW, WindowProcess
from nwlab.live import qt_trouble
from nwlab.plot.terminal_plot import TerminalPlot
from nwlab.runs.progress import Progress

_PATIENCE = 10.0  # s for which a window that is still coming up when the run is over keeps the program from leaving


@contextmanager
def live_view(folder: Path) -> Generator[Subscriber]:
    """Yield a listener that shows the run in `folder`; it belongs in the background of the run.

    In the end a window that is still coming up is waited for, so that what becomes of it is told.
    """
    trouble = qt_trouble.before_import("conductance is drawn in this terminal instead")
    if trouble:
        yield Explained(f"{NO_WINDOW}: {trouble}", terminal_view())
        return
    view = WindowView(folder)
    yield view
    view.settle()  # not when an error is on its way out


def terminal_view() -> TerminalPlot:
    """Return a listener that draws conductance on the terminal; it belongs in the background of a run."""
    return TerminalPlot()


class Explained:
    """A listener that says something first; not before it is in the background, because a terminal may hang."""

    def __init__(self, text: str, shown: Subscriber) -> None:
        self._text, self._shown = text, shown

    def __call__(self, event: Event) -> None:
        """Take one event."""
        if self._text:
            aside(self._text)
            self._text = ""
        self._shown(event)


class WindowView:
    """A window beside the run, with a line of progress on the terminal; the terminal's own view when it fails."""

    def __init__(self, folder: Path) -> None:
        self._window = WindowProcess(folder, aside)
        self._shown: Subscriber = Progress()
        self._spare: TerminalPlot | None = terminal_view()  # until it is known that the window comes up

    def __call__(self, event: Event) -> None:
        """Take one event; what came before a failed window is known to what replaces it."""
        spare = self._spare
        if spare is not None and self._window.has_failed:
            self._shown, self._spare = spare, None
        elif spare is not None:
            spare.take(event)
            self._spare = None if self._window.is_there else spare
        self._shown(event)

    def settle(self) -> None:
        """Wait until the window is there or has failed, which a short run is over before; Ctrl-C ends the wait."""
        with suppress(KeyboardInterrupt):
            self._window.decided.wait(_PATIENCE)
