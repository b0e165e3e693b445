"""The window as a person uses it: clicks, keys, and what stands where afterwards."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QObject, Qt, QUrl, Slot
from PySide6.QtGui import QDesktopServices
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.events import BlockArrived, DriveStarted, Event, Noted, RunFinished, RunStarted
from nwlab.core.record import RunInfo
from nwlab.live.look.theme import DARK, LIGHT, Theme
from nwlab.live.run.report_opener import ReportOpener
from nwlab.live.run.watched import Watched
from nwlab.live.scene.scene import Scene
from nwlab.live.window import LiveWindow
from nwlab.runs.player import play
from nwlab.runs.requests import Request, is_waiting
from nwlab.runs.store import Store

INFO = RunInfo("pulses", chip="nw16", opened={"model": True})


@pytest.fixture
def open_window(app: QApplication) -> Iterator[Callable[[Path], LiveWindow]]:
    opened: list[LiveWindow] = []

    def open_window(folder: Path) -> LiveWindow:
        window = LiveWindow(Watched(folder))
        opened.append(window)
        window.show()
        QTest.qWaitForWindowExposed(window)
        return window

    yield open_window
    for window in opened:
        window.close()


@pytest.fixture
def begun(tmp_path: Path) -> Iterator[Store]:
    """A run that is played, as far as anybody can tell."""
    store = Store(tmp_path / "r", INFO)
    store(RunStarted(("A", "B", "C"), 10, 1.0))
    store(DriveStarted(0, volts([1] * 10), "step"))
    yield store
    store.close()


def block() -> BlockArrived:
    events: list[Event] = []
    play(several(volts([1] * 4)), OhmicChip(), (events.append,))
    return next(event for event in events if isinstance(event, BlockArrived))


def soon(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        QTest.qWait(10)


def words(window: LiveWindow) -> str:
    return "\n".join(label.text() for label in window.findChildren(QLabel) if label.isVisible())


def test_a_finished_run_is_shown_as_it_is(tmp_path: Path, open_window: Callable[[Path], LiveWindow]) -> None:
    play(several(volts([1, 2, 3])), OhmicChip(), (Store(tmp_path / "r", INFO),))
    window = open_window(tmp_path / "r")
    soon(lambda: "Finished" in words(window))
    assert window.windowTitle() == "r \N{EN DASH} finished \N{EN DASH} nwlab"
    assert "3 samples of 1 drive" in words(window)
    assert not window.banner.isVisible()
    assert not window.panel.enabled["stop"]


def test_what_is_measured_is_seen_soon(begun: Store, open_window: Callable[[Path], LiveWindow]) -> None:
    window = open_window(begun.folder)
    soon(lambda: "Running" in words(window))
    begun(block())
    soon(lambda: "4 samples of 1 drive" in words(window), 5.0)
    assert "100.0\N{NO-BREAK SPACE}µS" in words(window)


def test_escape_twice_leaves_a_request_and_once_does_not(
    begun: Store, open_window: Callable[[Path], LiveWindow]
) -> None:
    window = open_window(begun.folder)
    soon(lambda: window.panel.enabled["stop"])
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_Escape)
    QTest.qWait(50)
    assert not is_waiting(begun.folder, Request.STOP)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    soon(lambda: is_waiting(begun.folder, Request.STOP))
    assert "Stopping…" in words(window)
    begun(Noted("safe state", {"text": "…", "confirmed": True, "failures": [], "found": ["a, b off"]}))
    begun(RunFinished("interrupted", 130, "stopped by a person at its window"))
    soon(lambda: "Safe state confirmed: a, b off." in words(window))
    assert "Interrupted: stopped by a person at its window." in words(window)


def test_a_stop_that_was_not_confirmed_is_shown_as_such(
    begun: Store, open_window: Callable[[Path], LiveWindow]
) -> None:
    window = open_window(begun.folder)
    begun(Noted("safe state", {"text": "…", "confirmed": False, "failures": ["smu: a is on"], "found": []}))
    begun(RunFinished("failed", 7, "the safe state could NOT be confirmed: smu: a is on"))
    soon(lambda: "Safe state NOT confirmed: smu: a is on." in words(window))
    assert "switch the instruments off by hand" in words(window)
    image = window.banner.grab().toImage()
    assert image.pixelColor(3, image.height() // 2).name().upper() == LIGHT.alarm.upper()


def test_a_run_that_is_cut_off_says_so(begun: Store, open_window: Callable[[Path], LiveWindow]) -> None:
    window = open_window(begun.folder)
    begun(block())
    soon(lambda: "4 samples" in words(window))
    begun.close()
    soon(lambda: "ended without a word" in words(window))
    assert "Recovered and shown here: 4 samples of 1 drive, up to 0.4 s on the chip" in words(window)
    for command in ("recover", "run --resume"):
        (button,) = [each for each in window.findChildren(QPushButton) if f"nwlab {command}" in each.text()]
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert QApplication.clipboard().text() == f"nwlab {command} {begun.folder}"


class Broken:
    """A part of the window that fails."""

    def show_scene(self, scene: Scene) -> None:
        raise ValueError(f"{len(scene.terminals)} terminals are too many")

    def set_theme(self, theme: Theme) -> None:
        raise ValueError("no colours")


def test_a_part_that_fails_is_left_out_and_told_and_stop_still_works(
    begun: Store, open_window: Callable[[Path], LiveWindow]
) -> None:
    window = open_window(begun.folder)
    window._views.append(Broken())  # type: ignore[arg-type]
    soon(lambda: "ValueError: 3 terminals are too many" in words(window))
    soon(lambda: window.panel.enabled["stop"])
    window.panel.stop_asked.emit()
    soon(lambda: is_waiting(begun.folder, Request.STOP))


def test_what_a_person_chose_is_there_the_next_time(
    begun: Store, open_window: Callable[[Path], LiveWindow], app: QApplication
) -> None:
    window = open_window(begun.folder)
    window.controls.theme.emit("dark")
    window.controls.scale.emit("log")
    window.controls.span.emit(30.0)
    window.controls.size.emit(1)
    large = app.font().pointSizeF()
    assert large > 10.0
    window.resize(770, 640)
    window.close()
    again = open_window(begun.folder)
    assert (again.plots.scale, again.plots.span) == ("log", 30.0)
    assert app.font().pointSizeF() == large
    assert app.palette().window().color().name().upper() == DARK.window.upper()
    assert (again.width(), again.height()) == (770, 640)


def test_keys_change_the_size_of_everything(
    begun: Store, open_window: Callable[[Path], LiveWindow], app: QApplication
) -> None:
    window = open_window(begun.folder)
    window.activateWindow()
    control = Qt.KeyboardModifier.ControlModifier
    for _ in range(3):
        QTest.keyClick(window, Qt.Key.Key_Plus, control)
    assert app.font().pointSizeF() == pytest.approx(10.0 * 1.15**3, abs=0.1)
    QTest.keyClick(window, Qt.Key.Key_Minus, control)
    assert app.font().pointSizeF() == pytest.approx(10.0 * 1.15**2, abs=0.1)
    QTest.keyClick(window, Qt.Key.Key_0, control)
    assert app.font().pointSizeF() == 10.0


def test_strange_settings_are_no_reason_to_fail(
    begun: Store, open_window: Callable[[Path], LiveWindow], tmp_path: Path, app: QApplication
) -> None:
    folder = tmp_path / "settings" / "nwlab"
    folder.mkdir(parents=True)
    (folder / "live.ini").write_text("[General]\ntheme=pink\nscale=cubic\nspan=x\nsize=1e9\n[layout]\nwindow=3\n")
    window = open_window(begun.folder)
    assert (window.plots.scale, window.plots.span, app.font().pointSizeF()) == ("linear", None, 10.0)


def test_what_is_seen_is_exported(begun: Store, open_window: Callable[[Path], LiveWindow], tmp_path: Path) -> None:
    window = open_window(begun.folder)
    begun(block())
    soon(lambda: "4 samples" in words(window))
    window.export_to(tmp_path / "seen.png")
    soon((tmp_path / "seen.png").exists)
    soon(lambda: "seen.png was written" in window.statusBar().currentMessage())


def test_a_report_that_cannot_be_made_says_why(tmp_path: Path, app: QApplication) -> None:
    opener, told = ReportOpener(tmp_path), list[tuple[str, bool]]()
    opener.told.connect(lambda text, wrong: told.append((text, wrong)))
    opener.open()
    soon(lambda: len(told) == 2, 60.0)
    assert told[0] == ("the report is being made…", False)
    assert told[1][0].startswith("the report could not be made: ")
    assert told[1][1]


def test_a_report_whose_program_cannot_be_started_is_told(
    tmp_path: Path, app: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.executable", str(tmp_path / "gone"))
    opener, told, done = ReportOpener(tmp_path), list[str](), list[bool]()
    opener.told.connect(lambda text, wrong: told.append(text))
    opener.done.connect(lambda: done.append(True))
    opener.open()
    soon(lambda: bool(done))
    assert told[-1].startswith("the report could not be made: ")


class Desktop(QObject):
    """What opens files for a person."""

    def __init__(self) -> None:
        super().__init__()
        self.opened = list[str]()
        QDesktopServices.setUrlHandler("file", self, "open")

    @Slot(QUrl)
    def open(self, url: QUrl) -> None:
        self.opened.append(url.toLocalFile())


def test_the_report_is_made_and_opened(tmp_path: Path, app: QApplication) -> None:
    play(several(volts([1, 2, 3])), OhmicChip(), (Store(tmp_path / "r", INFO),))
    desktop = Desktop()
    try:
        opener = ReportOpener(tmp_path / "r")
        opener.open()
        soon(lambda: bool(desktop.opened), 60.0)
    finally:
        QDesktopServices.unsetUrlHandler("file")
    (page,) = desktop.opened
    assert page.endswith(".html")
    assert Path(page).is_file()
