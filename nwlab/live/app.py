"""The program of the window: Qt's start and end, and what Qt says before it ends a program by itself."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from types import FrameType, TracebackType
from typing import Protocol

import PySide6
from PySide6.QtCore import QLibraryInfo, QMessageLogContext, QTimer, QtMsgType, qInstallMessageHandler
from PySide6.QtWidgets import QApplication

from nwlab.core.errors import Terminated, UsageError
from nwlab.live import qt_trouble
from nwlab.live.faults import Faults
from nwlab.live.run.modesty import stand_back
from nwlab.live.run.watched import Watched
from nwlab.live.window import LiveWindow

_ENDING = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]
_SAID = 20  # lines of Qt that are remembered


class Window(Protocol):
    """A window that tells its own faults."""

    faults: Faults

    def show(self) -> None:
        """Open it."""
        ...

    def close(self) -> bool:
        """Close it."""
        ...


def main(folder: Path, version: str, shown: Callable[[], None] = lambda: None) -> int:
    """Show the run in `folder` until the window is closed; `shown` is called when it is there.

    Returns the exit code and raises as `show` does; raises FileError when there is no such folder.
    """
    watched = Watched(folder)
    stand_back(0)
    return show(lambda: LiveWindow(watched, version), shown)


def show(make: Callable[[], Window], shown: Callable[[], None] = lambda: None) -> int:
    """Show the window that `make` makes until it is closed; `shown` is called when it is there.

    Returns the exit code: 0, or 130 and 143 after an interrupt. Raises UsageError when Qt would end this interpreter. A
    Qt that cannot start ends the program, as it does, but with a clear message and code 2.
    """
    application = _start()
    codes: list[int] = []

    def end(number: int, _: FrameType | None) -> None:
        codes.append(130 if number == signal.SIGINT else Terminated.exit_code)
        # Not at once: the signal may come in the middle of a tick, and quitting closes the window and its files.
        QTimer.singleShot(0, application.quit)

    for number in _ENDING:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, end)
    window = make()
    # What fails while something is painted or clicked comes here; it must neither end the window nor fill a terminal.
    sys.excepthook = lambda _, error, trace: window.faults.note(_place(trace), error)
    window.show()
    shown()
    application.exec()
    window.close()
    return codes[0] if codes else 0


def _place(trace: TracebackType | None) -> str:
    """Return where an exception was raised."""
    frames = traceback.extract_tb(trace)
    return f"{Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else "its program"


def _start() -> QApplication:
    said: list[str] = []

    def hear(kind: QtMsgType, _: QMessageLogContext, text: str) -> None:
        del said[:-_SAID]
        said.append(text)
        if kind is QtMsgType.QtFatalMsg:
            # Qt aborts the program when this returns.
            told = qt_trouble.of_start(said, _plugins())
            os.write(2, f"nwlab: {told}\n".encode())
            os._exit(UsageError.exit_code)

    qInstallMessageHandler(hear)
    application = QApplication(["nwlab"])
    application.setApplicationName("nwlab")
    application.setStyle("Fusion")
    if qt_trouble.loses_none(application.processEvents):
        raise UsageError(qt_trouble.other_version(PySide6.__version__))
    return application


def _plugins() -> list[str]:
    own = str(Path(QLibraryInfo.path(QLibraryInfo.LibraryPath.PluginsPath)) / "platforms")
    return [*filter(None, [os.environ.get("QT_QPA_PLATFORM_PLUGIN_PATH")]), own]
