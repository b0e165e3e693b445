"""What draws a run while it is played."""

from __future__ import annotations

from nwlab.core.events import Subscriber
from nwlab.plot.terminal_plot import TerminalPlot


def terminal_view() -> Subscriber:
    """Return a listener that draws conductance on the terminal; it belongs in the background of a run."""
    return TerminalPlot()
