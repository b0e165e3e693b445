"""The window that starts runs, as a person uses it: clicks, keys, what is told where, and what is played."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from live.pixels import Painted
from live.test_start_draft import LISTS, named
from PySide6.QtCore import QPoint, QPointF, Qt, QTimer
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QLineEdit, QMessageBox, QWidget

from nwlab.core.clock import SystemClock
from nwlab.live.look.theme import DARK, LIGHT
from nwlab.live.start.box import CalmBox
from nwlab.live.start.player import Player, job_of
from nwlab.live.start.window import StartWindow
from nwlab.runs.recording import load_run


@pytest.fixture
def window(app: QApplication, tmp_path: Path) -> Iterator[StartWindow]:
    window = StartWindow(LISTS, str(tmp_path / "runs"))
    window.resize(1366, 768)
    window.preview.automatic.setChecked(False)
    window.show()
    QTest.qWaitForWindowExposed(window)
    yield window
    window.viewers.end()
    told: list[object] = []
    soon(lambda: told.extend(window.viewers.look()) or not window.viewers._open)
    assert not told
    window.player.waiting.clear()
    window.close()


def soon(holds: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        QTest.qWait(10)


def words(widget: QWidget) -> str:
    return "\n".join(label.text() for label in widget.findChildren(QLabel) if label.isVisible())


def click(widget: QWidget) -> None:
    QTest.mouseClick(widget, Qt.MouseButton.LeftButton)


def choose(box: QWidget, name: str) -> None:
    """Choose by the keyboard, as somebody who types the beginning of a name."""
    box.setFocus()
    usual = QApplication.keyboardInputInterval()
    QApplication.setKeyboardInputInterval(60_000)  # ms that a busy computer may take between two letters
    QTest.keyClicks(box, name)
    QApplication.setKeyboardInputInterval(usual)
    QTest.qWait(20)


def retype(window: StartWindow, name: str, text: str) -> None:
    editor = window.form.fields.fields[name].editor
    assert isinstance(editor, QLineEdit)
    editor.setFocus()
    editor.selectAll()
    QTest.keyClicks(editor, text)


def test_from_a_bad_value_to_a_run_on_record(window: StartWindow, tmp_path: Path) -> None:
    choose(window.form.protocol.box, "pulses")
    assert "a train of equal pulses with reads between" in words(window)
    retype(window, "amplitude", "7 V")
    assert "7 V is above its maximum 5 V" in words(window.form)
    assert "amplitude: 7 V is above its maximum 5 V" in words(window.launch)
    assert not window.launch.run.isEnabled()
    assert not window.launch.queue.isEnabled()
    assert not window.preview.button.isEnabled()
    window.preview.automatic.setChecked(True)
    retype(window, "amplitude", "3 V")
    assert "above its maximum" not in words(window)
    assert window.launch.run.isEnabled()
    soon(lambda: "of exactly these settings" in words(window.preview))
    assert "5 s on the bench; 1 drive, 100 samples; 2 relay operations" in words(window.preview)
    assert window.preview.table.item(0, 1).text() == "3 V of 5 V"  # type: ignore[union-attr]
    soon(window.preview.plots.isVisible)
    painted = Painted(window.preview.plots)
    assert painted.like(LIGHT.curves[0]).sum() > 200
    assert "nwlab run pulses --set 'amplitude=3 V'" in window.launch.line.toPlainText()
    click(window.launch.run)
    soon(lambda: window.player.playing is not None)
    assert not window.launch.run.isEnabled()
    soon(lambda: window.player.playing is None)
    assert "finished" in window.statusBar().currentMessage()
    soon(lambda: window.archive.pasts)
    (past,) = window.archive.pasts
    assert (past.info.name, past.status, past.where) == ("pulses", "finished", "stochastic-2025 on virtual")
    assert past.info.parameters["amplitude"] == "3 V"
    soon(lambda: window.archive.list.chosen == past)
    assert not window.banner.isVisible()
    assert list(window.viewers._open) == [past.folder]


def test_real_instruments_are_not_driven_before_a_dry_run_was_seen(window: StartWindow) -> None:
    choose(window.form.protocol.box, "pulses")
    choose(window.form.bench.box, "lab16")
    assert not window.form.chip.isEnabled()
    assert not window.launch.run.isEnabled()
    assert "real instruments: make a dry run of exactly these settings first" in words(window.launch)
    window.activateWindow()
    QTest.keyClick(window, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    window.run()
    window.add()
    assert (window.player.playing, window.player.waiting) == (None, [])
    QTest.keyClick(window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    soon(window.launch.run.isEnabled)
    assert "drives the real instruments of lab16" in words(window.launch)
    retype(window, "amplitude", "4.5 V")
    assert not window.launch.run.isEnabled()
    assert "of other settings than these" in words(window.preview)
    click(window.preview.button)
    soon(lambda: "Refused: " in words(window.preview))
    assert "a level of 4.5 V exceeds the limit of 4 V" in words(window.preview)
    assert "pulses.toml:14: step.1" in words(window.preview)
    assert "the dry run of these settings was refused" in words(window.launch)
    assert not window.preview.plots.isVisible()
    assert Painted(window.preview).like(LIGHT.alarm).sum() > 100
    window.form.virtual.setChecked(True)
    retype(window, "amplitude", "4 V")
    assert window.launch.run.isEnabled()
    assert window.form.chip.isEnabled()


def test_a_file_that_changes_needs_another_dry_run(window: StartWindow, tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = 'name = "mine"\n[parameters]\ntime = { value = "1 s" }\n[[step]]\ndo = "rest"\nduration = "$time"\n'
    path.write_text(text)
    window.form.protocol.choose_file(path)
    choose(window.form.bench.box, "lab16")
    click(window.preview.button)
    soon(window.launch.run.isEnabled)
    path.write_text(text.replace("1 s", "20 s"))
    soon(lambda: not window.launch.run.isEnabled())
    soon(lambda: window.form.fields.fields["time"].text == "20 s")


def test_a_run_that_fails_is_told_in_words_and_halts_the_queue(window: StartWindow) -> None:
    choose(window.form.protocol.box, "pulses")
    window.form.model.setChecked(True)
    retype(window, "width", "200 ms")
    click(window.launch.queue)
    retype(window, "width", "20 ms")
    click(window.launch.queue)
    click(window.queue.go_on)
    soon(window.banner.isVisible)
    said = words(window.banner)
    assert "was refused by a limit" in said
    assert "pulses of 0.2 s do not fit into a period of 0.1 s" in said
    assert Painted(window.banner).like(LIGHT.alarm).mean() > 0.3
    assert "The queue has halted: the last run did not end well." in words(window.queue)
    click(window.noted)
    assert not window.banner.isVisible()
    click(window.queue.go_on)
    soon(lambda: window.archive.pasts and window.player.playing is None)
    assert window.player.waiting == []


def test_keys_reach_every_field_in_the_order_that_is_seen(window: StartWindow, app: QApplication) -> None:
    choose(window.form.protocol.box, "pulses")
    form = window.form
    for key, box in (("B", form.bench.box), ("A", form.pace), ("C", form.chip.box), ("T", form.twin.box)):
        QTest.keyClick(app.focusWidget(), getattr(Qt.Key, f"Key_{key}"), Qt.KeyboardModifier.AltModifier)
        assert app.focusWidget() is box
    QTest.keyClick(app.focusWidget(), Qt.Key.Key_Tab)
    for field in window.form.fields.fields.values():
        QTest.keyClick(app.focusWidget(), Qt.Key.Key_Tab)
        assert app.focusWidget() is field.editor
    QTest.keyClick(app.focusWidget(), Qt.Key.Key_Tab)
    assert app.focusWidget() is window.form.defaults


def test_the_queue_is_put_into_order_by_keys(window: StartWindow) -> None:
    choose(window.form.protocol.box, "pulses")
    for seed in ("1", "2", "3"):
        window.form.seed.setText(seed)
        window.activateWindow()
        keys = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
        QTest.keyClick(window, Qt.Key.Key_Return, keys)
    assert [job.order.seed for job in window.player.waiting] == [1, 2, 3]
    rows = window.queue.list
    rows.setFocus()
    rows.setCurrentRow(2)
    QTest.keyClick(rows, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert [job.order.seed for job in window.player.waiting] == [1, 3, 2]
    assert rows.currentRow() == 1
    QTest.keyClick(rows, Qt.Key.Key_Delete)
    assert [job.order.seed for job in window.player.waiting] == [1, 2]
    assert [rows.item(row).text() for row in range(rows.count())] == [
        "1. pulses on virtual: seed 1",
        "2. pulses on virtual: seed 2",
    ]


@pytest.mark.parametrize(
    ("answer", "is_left"), [(QMessageBox.StandardButton.No, False), (QMessageBox.StandardButton.Yes, True)]
)
def test_a_queue_is_not_dropped_without_a_question(
    window: StartWindow, answer: QMessageBox.StandardButton, is_left: bool
) -> None:
    window.add()
    asked: list[str] = []

    def reply() -> None:
        box = QApplication.activeModalWidget()
        assert isinstance(box, QMessageBox)
        asked.append(box.text())
        click(box.button(answer))

    QTimer.singleShot(300, reply)
    window.menu.leave.emit()
    assert asked == ["1 run waits in the queue and will not be played when this window is closed. Close it?"]
    assert window.isVisible() is not is_left


def test_the_command_line_is_copied_as_one_line(window: StartWindow) -> None:
    choose(window.form.protocol.box, "pulses")
    window.form.chip.choose(named("chips", "nw16"))  # type: ignore[arg-type]
    window.form.out.setText("runs")
    assert "the chip has no terminal 'A'; it has 1, 2" in words(window.form)
    for name, terminal in (("source", "1"), ("sink", "9")):
        box = window.form.fields.fields[name].editor
        assert isinstance(box, CalmBox)
        assert box.count() == 17
        box.setCurrentText(terminal)
        assert box.count() == 16
    retype(window, "amplitude", "2 V")
    click(window.launch.copy_button)
    line = "nwlab run pulses --chip nw16 --set source=1 --set sink=9 --set 'amplitude=2 V'"
    assert QApplication.clipboard().text() == line
    assert window.launch.line.toPlainText().replace(" \\\n   ", "") == line


def test_a_wheel_that_passes_changes_nothing(window: StartWindow) -> None:
    box = window.form.protocol.box
    before = box.currentIndex()
    down = QPoint(0, -120)
    none, no_key = Qt.MouseButton.NoButton, Qt.KeyboardModifier.NoModifier
    event = QWheelEvent(QPointF(5, 5), QPointF(5, 5), down, down, none, no_key, Qt.ScrollPhase.NoScrollPhase, False)
    QApplication.sendEvent(box, event)
    assert box.currentIndex() == before


def test_a_past_run_has_its_picture_and_comes_again(window: StartWindow, tmp_path: Path) -> None:
    choose(window.form.protocol.box, "iv-loop")
    window.form.chip.choose(named("chips", "resistor-10k"))  # type: ignore[arg-type]
    retype(window, "peak", "250 mV")
    window._opens = False
    window.player.play(job_of(window.draft))
    soon(lambda: window.player.playing is None and window.archive.pasts)
    rows = window.archive.list
    soon(lambda: rows.runs.data(rows.runs.index(0), Qt.ItemDataRole.DecorationRole) is not None)
    (past,) = window.archive.pasts
    asked = window.draft.order()
    window.clear_form()
    assert window.draft.order() != asked
    actions = {action.text(): action for action in rows.menu(past).actions()}
    assert list(actions) == ["&Open", "&Again: fill the form", "&Report", "&Export as HDF5", "Show the &folder"]
    actions["&Again: fill the form"].trigger()
    assert window.draft.order() == asked
    actions["&Export as HDF5"].trigger()
    soon(lambda: "was exported" in window.statusBar().currentMessage() or window.banner.isVisible())
    assert list(past.folder.glob("*.h5"))
    place = rows.visualRect(rows.runs.index(0)).center()
    QTest.mouseClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(rows.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert list(window.viewers._open) == [past.folder]


def test_colours_and_sizes_reach_every_part(window: StartWindow, app: QApplication) -> None:
    choose(window.form.protocol.box, "pulses")
    retype(window, "count", "0")
    window.menu.theme.emit("dark")
    app.processEvents()
    assert Painted(window.form).like(DARK.alarm).sum() > 20
    assert Painted(window).like(LIGHT.window).mean() < 0.05
    assert Painted(window).like(DARK.window).mean() > 0.3
    window.activateWindow()
    before = window.form.fields.fields["count"].name.fontMetrics().height()
    for _ in range(3):
        QTest.keyClick(window, Qt.Key.Key_Plus, Qt.KeyboardModifier.ControlModifier)
    app.processEvents()
    assert app.font().pointSizeF() == pytest.approx(10.0 * 1.15**3, abs=0.1)
    assert window.form.fields.fields["count"].name.fontMetrics().height() > 1.3 * before


def test_a_run_outlives_the_window_that_started_it(tmp_path: Path, app: QApplication) -> None:
    window = StartWindow(LISTS, str(tmp_path / "runs"))
    choose(window.form.protocol.box, "stochastic")
    window.player.play(job_of(window.draft))
    soon(window.player.look)
    folder = window.player.folder
    assert folder is not None
    window.close()
    clock, program = SystemClock(), window.player._program
    assert program is not None
    while program.look() is None:
        clock.sleep(0.05)
    assert load_run(folder).status == "finished"


def test_nothing_is_left_of_the_player(tmp_path: Path) -> None:
    player = Player()
    work = Path(player._work.name)
    player.close()
    assert not work.exists()
