"""What a hand does to the plots: drag, wheel, double click, keys; what they say where the mouse is."""

from __future__ import annotations

import pytest
from live.experiment import Experiment, scene_of
from live.pixels import painted, pixels
from live.showing import Shown, box_of, chart_of, index_of, picture_of
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from nwlab.live.look.theme import LIGHT
from nwlab.live.plots.kinds import CONDUCTANCE, CURRENT, VOLTAGE
from nwlab.live.plots.plots import PlotArea
from nwlab.live.scene.scene import Scene

LEFT = Qt.MouseButton.LeftButton


def wheel(
    plots: PlotArea, at: QPoint, notches: int, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier
) -> None:
    """Turn the wheel at a place of the canvas."""
    turned = QPoint(0, 120 * notches)
    none, phase = Qt.MouseButton.NoButton, Qt.ScrollPhase.NoScrollPhase
    event = QWheelEvent(QPointF(at), QPointF(at), QPoint(), turned, none, modifier, phase, False)
    QApplication.sendEvent(plots._canvas, event)
    QApplication.processEvents()


def drag(plots: PlotArea, begin: QPoint, end: QPoint) -> None:
    """Drag from one place of the canvas to another."""
    canvas = plots._canvas
    QTest.mousePress(canvas, LEFT, pos=begin)
    for share in (0.25, 0.5, 0.75, 1.0):
        QTest.mouseMove(canvas, begin + (end - begin) * share)
        QApplication.processEvents()
    QTest.mouseRelease(canvas, LEFT, pos=end)
    QApplication.processEvents()


def middle(plots: PlotArea) -> QPoint:
    """Return the middle of the uppermost plot, in px of the canvas."""
    return picture_of(plots).frame.plots[0].center()


def ends(plots: PlotArea) -> tuple[float, float]:
    """Return from when to when is seen, in s."""
    chart, plot = chart_of(plots, CONDUCTANCE), picture_of(plots).frame.plots[0]
    return chart.time(0.0), chart.time(float(plot.width()))


def test_a_drag_moves_in_time_and_lets_the_newest_go(shown: Shown, app: QApplication) -> None:
    scene = scene_of(Experiment(steps=1000))
    plots = shown(scene)
    told: list[bool] = []
    plots.followed.connect(told.append)
    begin, end = ends(plots)
    drag(plots, middle(plots), middle(plots) + QPoint(100, 60))
    moved = 100 / picture_of(plots).frame.plots[0].width() * (end - begin)
    assert ends(plots) == pytest.approx((begin - moved, end - moved), abs=2e-3)
    assert not plots.follow
    assert set(told) == {False}
    held = ends(plots)
    scene.now = 100.0
    scene.progress.samples += 1
    plots.show_scene(scene)
    app.processEvents()
    assert ends(plots) == held


def test_the_wheel_zooms_around_the_mouse(shown: Shown) -> None:
    plots = shown(scene_of(Experiment(steps=1000)))
    begin, end = ends(plots)
    at = QPoint(picture_of(plots).frame.plots[0].left() + 200, 100)
    moment = chart_of(plots, CONDUCTANCE).time(200.0)
    wheel(plots, at, 4)
    assert not plots.follow
    assert chart_of(plots, CONDUCTANCE).time(200.0) == pytest.approx(moment, abs=1e-3)
    assert ends(plots)[1] - ends(plots)[0] == pytest.approx((end - begin) / 1.25**4)
    wheel(plots, at, -4)
    assert ends(plots) == pytest.approx((begin, end), abs=2e-3)


@pytest.mark.parametrize("how", ["double click", "Home", "F"])
def test_the_newest_is_followed_again(shown: Shown, app: QApplication, how: str) -> None:
    plots = shown(scene_of(Experiment(steps=1000)))
    before, told = ends(plots), list[bool]()
    wheel(plots, middle(plots), 5)
    wheel(plots, QPoint(10, middle(plots).y()), 5)
    plots.followed.connect(told.append)
    if how == "double click":
        QTest.mouseDClick(plots._canvas, LEFT, pos=middle(plots))
    else:
        QTest.keyClick(plots._canvas, Qt.Key.Key_Home if how == "Home" else Qt.Key.Key_F)
    app.processEvents()
    assert plots.follow
    assert told == [True]
    assert ends(plots) == before
    assert all(panel.heights.automatic for panel in picture_of(plots).panels)


def test_at_an_axis_of_values_the_hand_acts_on_that_plot_alone(shown: Shown) -> None:
    plots = shown(scene_of(Experiment(noise=0.1)))
    before = [chart_of(plots, kind).scale for kind in (CONDUCTANCE, CURRENT)]
    axis = QPoint(10, box_of(plots, CURRENT).center().y() - plots._canvas.pos().y())
    wheel(plots, axis, 3)
    assert chart_of(plots, CURRENT).scale == pytest.approx(before[1] * 1.25**3)
    assert chart_of(plots, CONDUCTANCE).scale == before[0]
    top = chart_of(plots, CURRENT).top
    drag(plots, axis, axis + QPoint(0, 30))
    assert chart_of(plots, CURRENT).top == pytest.approx(top + 30 / chart_of(plots, CURRENT).scale)
    assert plots.follow
    wheel(plots, middle(plots), 2, Qt.KeyboardModifier.ShiftModifier)
    assert chart_of(plots, CONDUCTANCE).scale == pytest.approx(before[0] * 1.25**2)
    assert plots.follow


def test_larger_type_is_the_windows_business(shown: Shown) -> None:
    plots = shown(scene_of(Experiment()))
    before = ends(plots)
    wheel(plots, middle(plots), 3, Qt.KeyboardModifier.ControlModifier)
    assert ends(plots) == before


def test_following_with_a_span_shows_the_last_of_it(shown: Shown, app: QApplication) -> None:
    scene = Scene()
    plots = shown(scene)
    plots.span = 0.2
    for event in Experiment(steps=1000, block=10):
        scene.take(event)
        plots.show_scene(scene)
        app.processEvents()
        if scene.now > 0.2:
            assert ends(plots)[1] == pytest.approx(scene.now, abs=0.005)
    assert ends(plots)[1] - ends(plots)[0] == pytest.approx(0.202, abs=1e-6)
    plots.span = None
    app.processEvents()
    assert ends(plots)[0] <= 0
    assert ends(plots)[1] >= 1.0


def test_follow_can_be_switched_by_a_button(shown: Shown, app: QApplication) -> None:
    plots = shown(scene_of(Experiment(steps=1000)))
    before = ends(plots)
    plots.follow = False
    wheel(plots, middle(plots), 3)
    plots.follow = True
    app.processEvents()
    assert ends(plots) == before


def point(plots: PlotArea, kind: object, time: float, value: float) -> QPoint:
    """Move the mouse to a sample and return where that is in the canvas."""
    chart = chart_of(plots, kind)  # type: ignore[arg-type]
    corner = picture_of(plots).frame.plots[index_of(plots, kind)].topLeft()  # type: ignore[arg-type]
    x, y = chart.place(time, value)
    place = corner + QPoint(round(x), round(y))
    QTest.mouseMove(plots._canvas, place)
    QApplication.processEvents()
    return place


def test_the_mouse_reads_all_lines_with_units_the_nearest_first(shown: Shown) -> None:
    plots = shown(scene_of(Experiment(lines=3, expected=True, limited=(0, 30))))
    told: list[str] = []
    plots.hovered.connect(told.append)
    point(plots, CONDUCTANCE, 0.0205, 2e-5)
    assert told[-1].startswith("20.5 ms · T1 → T3: 20 µS, 10 µA, 500 mV, z = 0, in compliance · ")
    assert "T0 → T3: 10 µS, 5 µA, 500 mV, z = 0, in compliance" in told[-1]
    assert told[-1].count("→") == 3
    point(plots, VOLTAGE, 0.0705, 0.5)
    assert told[-1].startswith("70.5 ms · ")
    assert "compliance" not in told[-1]
    plots.scale = "G0"
    point(plots, CONDUCTANCE, 0.0705, 2e-5)
    assert "258.13 mG₀" in told[-1]
    QApplication.sendEvent(plots._canvas, QEvent(QEvent.Type.Leave))
    QApplication.processEvents()
    assert told[-1] == ""


def test_cross_hairs_and_a_box_are_painted_at_the_mouse(shown: Shown) -> None:
    plots = shown(scene_of(Experiment(lines=2)))
    before = pixels(plots)
    place = point(plots, CURRENT, 0.0505, 5e-6)
    after = pixels(plots)
    changed = (before != after).any(axis=2)
    column = place.x() + plots._canvas.pos().x()
    for kind in (CONDUCTANCE, VOLTAGE):
        box = box_of(plots, kind)
        assert changed[box.top() : box.bottom(), column - 1 : column + 2].any(axis=1).mean() > 0.3
    box = box_of(plots, CURRENT)
    row = place.y() + plots._canvas.pos().y()
    assert changed[row - 1 : row + 2, box.left() : box.right()].any(axis=0).mean() > 0.3
    assert (
        painted(after, LIGHT.text, box_of(plots, VOLTAGE)).sum()
        > painted(before, LIGHT.text, box_of(plots, VOLTAGE)).sum()
    )


def test_a_click_on_a_name_hides_its_line_and_two_show_it_alone(shown: Shown) -> None:
    plots = shown(scene_of(Experiment(lines=3)))
    legend = plots._legend
    second = legend._boxes[1].center().toPoint()
    QTest.mouseClick(legend, LEFT, pos=second)
    assert not painted(pixels(plots), LIGHT.curves[1], box_of(plots, CONDUCTANCE)).any()
    QTest.mouseClick(legend, LEFT, pos=second)
    QTest.mouseClick(legend, LEFT, pos=second)
    QTest.mouseDClick(legend, LEFT, pos=second)
    assert legend.hidden == {0, 2}
    assert painted(pixels(plots), LIGHT.curves[1], box_of(plots, CONDUCTANCE)).any()
    QTest.mouseClick(legend, LEFT, pos=second)
    QTest.mouseDClick(legend, LEFT, pos=second)
    assert legend.hidden == frozenset()
