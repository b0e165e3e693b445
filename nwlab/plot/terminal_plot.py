"""Conductance while a run is played, on a terminal: for computers without a display."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TextIO

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.events import BlockArrived, DriveStarted, Event, Noted, RunFinished, RunStarted
from nwlab.core.standing import BLOCKS, Standing
from nwlab.plot.terminal import Line, Size, Span, Terminal
from nwlab.plot.terminal_frame import Style, View, frame, is_narrow
from nwlab.plot.watched_run import WatchedRun

_OFTEN, _SELDOM = 0.2, 10.0  # s between pictures on a terminal, and between lines of a log
_LOG = Size(80, 16)  # of the picture at the end of a log


class TerminalPlot:
    """Draws a curve for each driven pair of terminals, over and over in the same place.

    A log gets a line now and then, and one picture at the end. A stream that cannot be written to raises OSError, so a
    run has it listen in the background.
    """

    def __init__(
        self, stream: TextIO | None = None, clock: Clock | None = None, environment: Mapping[str, str] | None = None
    ) -> None:
        """`stream` None = stderr; `environment` None = that of the program."""
        self._terminal, self._clock = Terminal(stream, environment), clock or SystemClock()
        self._style = Style(self._terminal.letters, self._terminal.has_colours)
        self._standing, self._run = Standing(), WatchedRun()
        self._begun = self._told = self._clock.now()
        self._remark = ""

    def __call__(self, event: Event) -> None:
        """Take one event; draws when enough time has passed. Raises OSError."""
        self.take(event)
        match event:
            case BlockArrived():
                self._tell()
            case Noted(kind="pausing"):
                self._draw()
            case RunFinished():
                self._end(event)
            case _:
                pass

    def take(self, event: Event) -> None:
        """Take one event without drawing."""
        self._standing.take(event)
        self._run.take(event)
        match event:
            case RunStarted():
                self._begun = self._told = self._clock.now()
            case DriveStarted():
                self._remark = ""
            case Noted(kind="pausing"):
                self._remark = "pausing between drives, with the chip at rest"
            case _:
                pass

    def _tell(self) -> None:
        if self._clock.now() - self._told >= (_OFTEN if self._terminal.is_screen else _SELDOM):
            self._draw()

    def _draw(self) -> None:
        terminal = self._terminal
        if terminal.is_screen:
            terminal.draw(self._frame(terminal.size()))
        else:
            terminal.write([[Span(self._line(_LOG))]])
        # What follows the drawing counts from its end: a slow line is not kept busy all the time.
        self._told = self._clock.now()

    def _end(self, event: RunFinished) -> None:
        """Draw a last time; but a message about an interrupt, which stands below the last picture, stays."""
        terminal = self._terminal
        if not terminal.is_screen:
            terminal.write(self._frame(_LOG)[:-1])
        elif event.status != "interrupted":
            terminal.draw(self._frame(terminal.size())[:-1])
        terminal.write([[Span(self._standing.ending(event, self._clock.now() - self._begun))]])

    def _frame(self, size: Size) -> list[Line]:
        self._run.settle()
        return frame(View(self._run.pairs, self._run.limited, self._line(size)), size, self._style)

    def _line(self, size: Size) -> str:
        width = 0 if is_narrow(size) else 24
        elapsed = self._clock.now() - self._begun
        return self._remark or self._standing.line(elapsed, width=width, glyphs=BLOCKS)
