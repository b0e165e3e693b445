"""The panel beside the plots: what it tells, and that nothing stops a run by accident."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QLabel, QPushButton

from nwlab.core.clock import VirtualClock
from nwlab.core.events import DriveFinished, Noted, RunStarted
from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import DARK, LIGHT
from nwlab.live.run.condition import Condition, Stage
from nwlab.live.run.disk import Disk
from nwlab.live.run.run_panel import RunPanel
from nwlab.live.run.safety import Safety, Verdict
from nwlab.live.run.stop_keys import WITHIN, Twice
from nwlab.live.scene.scene import Scene

MANIFEST = {"name": "pulses", "chip": "nw16", "bench": "lab16"}


@pytest.fixture
def panel(app: QApplication) -> Iterator[RunPanel]:
    panel = RunPanel(LIGHT)
    panel.resize(380, 600)
    panel.show()
    yield panel
    panel.close()


def words(panel: RunPanel) -> str:
    return "\n".join(label.text() for label in panel.findChildren(QLabel) if label.isVisible())


def button(panel: RunPanel, name: str) -> QPushButton:
    (found,) = [each for each in panel.findChildren(QPushButton) if name.lower() in each.text().lower()]
    return found


def share(image: QImage, colour: str) -> float:
    """How much of a picture has a colour."""
    wanted = QColor(colour).rgb()
    points = [(x, y) for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)]
    return sum(image.pixel(*point) == wanted for point in points) / len(points)


def test_what_is_played_on_what_and_how_far_it_is(panel: RunPanel) -> None:
    scene = Scene()
    scene.take(RunStarted(("A", "B"), 200, 20.0))
    scene.progress.samples, scene.progress.drives, scene.progress.done, scene.progress.label = 50, 2, 5.0, "2 pulses"
    panel.show_scene(scene, Condition(Stage.RUNNING, left=15.0, silent=0.2, disk=Disk(8e10, 1e4)), MANIFEST)
    said = words(panel)
    for each in ("Running", "pulses: nw16 on lab16", "step 2 pulses", "15 s left: 5.0 s of 20.0 s", "50 samples of 2"):
        assert each in said
    assert "0.2 s ago" in said
    assert "relays closed" not in said  # nobody counts them
    scene.take(DriveFinished(1, 6))
    panel.show_scene(scene, Condition(Stage.RUNNING), MANIFEST)
    assert "relays closed" in words(panel)


@pytest.mark.parametrize(
    ("stage", "enabled"),
    [
        (Stage.WAITING, (False, False, False)),
        (Stage.RUNNING, (True, True, False)),
        (Stage.PAUSING, (True, False, True)),
        (Stage.PAUSED, (True, False, True)),
        (Stage.STOPPING, (False, False, False)),
        (Stage.OVER, (False, False, False)),
        (Stage.LOST, (False, False, False)),
    ],
)
def test_only_what_makes_sense_can_be_asked_for(panel: RunPanel, stage: Stage, enabled: tuple[bool, ...]) -> None:
    panel.show_scene(Scene(), Condition(stage, status="finished" if stage is Stage.OVER else ""), {})
    assert tuple(panel.enabled[name] for name in ("stop", "pause", "go_on")) == enabled


def test_a_stop_that_nobody_heard_can_be_asked_for_again(panel: RunPanel) -> None:
    panel.show_scene(Scene(), Condition(Stage.STOPPING, asked=3.0), {})
    assert panel.enabled["stop"]


def test_clicks_are_told_and_stop_needs_one_only(panel: RunPanel) -> None:
    asked: list[str] = []
    panel.stop_asked.connect(lambda: asked.append("stop"))
    panel.pause_asked.connect(lambda: asked.append("pause"))
    panel.continue_asked.connect(lambda: asked.append("continue"))
    panel.show_scene(Scene(), Condition(Stage.RUNNING), {})
    for name in ("STOP", "Pause"):
        QTest.mouseClick(button(panel, name), Qt.MouseButton.LeftButton)
    panel.show_scene(Scene(), Condition(Stage.PAUSED), {})
    QTest.mouseClick(button(panel, "Continue"), Qt.MouseButton.LeftButton)
    assert asked == ["stop", "pause", "continue"]


def test_one_escape_only_warns_and_the_second_stops(panel: RunPanel) -> None:
    asked: list[str] = []
    panel.stop_asked.connect(lambda: asked.append("stop"))
    running = Condition(Stage.RUNNING)
    panel.show_scene(Scene(), running, {})
    assert button(panel, "STOP").text() == "STOP  (Esc Esc)"
    panel.press_escape()
    panel.show_scene(Scene(), running, {})
    assert button(panel, "STOP").text() == "Esc once more: STOP"
    assert asked == []
    panel.press_escape()
    assert asked == ["stop"]
    panel.show_scene(Scene(), Condition(Stage.OVER, status="finished"), {})
    panel.press_escape()
    panel.press_escape()
    assert asked == ["stop"]


def test_two_escapes_that_are_far_apart_are_two_first_ones() -> None:
    clock = VirtualClock()
    twice = Twice(clock)
    assert not twice.press()
    clock.sleep(2 * WITHIN)
    assert not twice.is_armed
    assert not twice.press()
    assert twice.press()
    assert not twice.press()  # a third one begins anew


def test_alarms_come_first_and_the_newest_on_top(panel: RunPanel) -> None:
    scene = Scene()
    scene.take(Noted("subscriber failed", {"subscriber": "Twin", "error": "x"}))
    scene.take(Noted("alarm", {"text": "one"}))
    scene.take(Noted("alarm", {"text": "two"}))
    panel.show_scene(scene, Condition(Stage.RUNNING), {})
    alarms, remarks = (each for each in panel.findChildren(QLabel) if "alarm: " in each.text() or "Twin" in each.text())
    assert alarms.text() == "alarm: two\nalarm: one"
    assert colour_of(alarms) == LIGHT.alarm
    assert remarks.text() == "subscriber failed: subscriber Twin, error x"
    for number in range(3000):
        scene.take(Noted("alarm", {"text": str(number)}))
    panel.show_scene(scene, Condition(Stage.RUNNING), {})
    lines = alarms.text().splitlines()
    assert lines[0] == "alarm: 2999"
    assert lines[-1] == "and 1950 more"


def colour_of(label: QLabel) -> str:
    return label.palette().windowText().color().name().upper()


@pytest.mark.parametrize(
    ("safety", "colour"),
    [(Safety.CONFIRMED, LIGHT.good), (Safety.NOT_CONFIRMED, LIGHT.alarm), (Safety.NOTHING, LIGHT.text)],
)
def test_how_the_chip_was_left_has_its_colour(panel: RunPanel, safety: Safety, colour: str) -> None:
    panel.show_scene(Scene(), Condition(Stage.OVER, status="finished", verdict=Verdict(safety, "")), {})
    (label,) = [each for each in panel.findChildren(QLabel) if each.text() == safety.value]
    assert label.isVisible()
    assert colour_of(label) == colour


def test_room_that_will_not_last_is_red(panel: RunPanel) -> None:
    panel.show_scene(Scene(), Condition(Stage.RUNNING, disk=Disk(5e6, 1e8)), {})
    (label,) = [each for each in panel.findChildren(QLabel) if "free" in each.text()]
    assert "5 MB free, the rest of the run needs 100 MB" in label.text()
    assert colour_of(label) == LIGHT.alarm


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_stop_is_large_and_red_while_it_can_be_hit(panel: RunPanel, theme: object) -> None:
    panel.set_theme(theme)  # type: ignore[arg-type]
    panel.show_scene(Scene(), Condition(Stage.RUNNING), {})
    assert share(panel.grab().toImage(), "#B3261E") > 0.05
    panel.show_scene(Scene(), Condition(Stage.OVER, status="finished"), {})
    assert share(panel.grab().toImage(), "#B3261E") == 0


def test_one_number_makes_everything_larger(panel: RunPanel) -> None:
    panel.show_scene(Scene(), Condition(Stage.RUNNING), {})
    before = button(panel, "STOP").height()
    panel.set_sizes(Sizes(20.0))
    QApplication.processEvents()
    assert button(panel, "STOP").height() > 1.5 * before
