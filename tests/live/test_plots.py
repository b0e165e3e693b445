"""The plots really show what was measured: what is asserted here are the px that a user sees."""

from __future__ import annotations

import numpy as np
import pytest
from live.experiment import Experiment, noted, scene_of
from live.pixels import array_of, painted, pixels, rgb
from live.showing import Shown, box_of, chart_of, value_at
from live.stream import Stream
from PySide6.QtWidgets import QApplication

from nwlab.core.errors import UsageError
from nwlab.core.units import G0
from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import DARK, LIGHT, Theme
from nwlab.live.plots.kinds import CONDUCTANCE, CURRENT, RESIDUAL, VOLTAGE
from nwlab.live.plots.plots import PlotArea
from nwlab.live.plots.strip import Strip
from nwlab.live.scene.line import Line
from nwlab.live.scene.scene import Scene


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_each_line_is_in_each_plot_at_its_value_and_in_its_colour(shown: Shown, theme: Theme) -> None:
    plots = shown(scene_of(Experiment(lines=3, level=0.5)), theme)
    picture = pixels(plots)
    for line in range(3):
        conductance = 1e-5 * (line + 1)
        for kind, value in ((CONDUCTANCE, conductance), (CURRENT, 0.5 * conductance)):
            box = box_of(plots, kind)
            rows, columns = np.nonzero(painted(picture, theme.curves[line], box))
            assert columns.size > 0.7 * box.width()
            assert value_at(plots, kind, float(np.median(rows))) == pytest.approx(value, rel=0.02)
    # All voltages are the same; the last line lies on top.
    rows, _ = np.nonzero(painted(picture, theme.curves[2], box_of(plots, VOLTAGE)))
    assert value_at(plots, VOLTAGE, float(np.median(rows))) == pytest.approx(0.5, rel=0.02)


@pytest.mark.parametrize("scale", ["log", "G0"])
def test_conductance_is_where_its_scale_says(shown: Shown, scale: str) -> None:
    plots = shown(scene_of(Experiment(lines=2)))
    plots.scale = scale
    picture = pixels(plots)
    for line in range(2):
        rows, _ = np.nonzero(painted(picture, LIGHT.curves[line], box_of(plots, CONDUCTANCE)))
        assert value_at(plots, CONDUCTANCE, float(np.median(rows))) == pytest.approx(1e-5 * (line + 1), rel=0.03)
    panel = plots._sight.panels[0]
    assert panel.scale.value == (G0 if scale == "G0" else 1.0)


def test_the_first_samples_of_a_run_fill_plots_that_were_empty(shown: Shown, app: QApplication) -> None:
    stream = Stream(lines=1, expected=False)
    plots = shown(stream.scene)  # the window is there before anything was measured
    stream.grow(200)
    plots.show_scene(stream.scene)
    app.processEvents()
    picture = pixels(plots)
    for kind in (CONDUCTANCE, CURRENT):
        rows, _ = np.nonzero(painted(picture, LIGHT.curves[0], box_of(plots, kind)))
        assert np.ptp(rows) > 0.5 * box_of(plots, kind).height()


def test_a_scale_or_span_that_makes_no_sense_is_refused(shown: Shown) -> None:
    plots = shown(Scene())
    with pytest.raises(UsageError, match="linear, log, G0"):
        plots.scale = "square"
    with pytest.raises(UsageError, match="more than 0 s"):
        plots.span = 0.0


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_prediction_is_a_translucent_band_and_residuals_have_a_plot_of_their_own(shown: Shown, theme: Theme) -> None:
    without = shown(scene_of(Experiment()), theme)
    assert RESIDUAL not in [panel.kind for panel in without._sight.panels]
    plots = shown(scene_of(Experiment(expected=True, noise=0.02)), theme)
    picture, box = pixels(plots), box_of(plots, CONDUCTANCE)
    wash = rgb(theme.panel) + (rgb(theme.curves[0]) - rgb(theme.panel)) * 70 / 255
    part = picture[box.top() : box.bottom(), box.left() : box.right()]
    rows, columns = np.nonzero(np.abs(part - wash).max(axis=2) <= 2)
    assert np.unique(columns).size > 0.7 * box.width()
    assert value_at(plots, CONDUCTANCE, rows.min()) == pytest.approx(1.1e-5, rel=0.01)
    assert value_at(plots, CONDUCTANCE, rows.max()) == pytest.approx(0.9e-5, rel=0.01)
    rows, columns = np.nonzero(painted(picture, theme.curves[0], box_of(plots, RESIDUAL)))
    assert np.unique(columns).size > 0.7 * box.width()
    assert abs(value_at(plots, RESIDUAL, float(rows.mean()))) < 0.3
    guides = np.nonzero(painted(picture, theme.quiet, box_of(plots, RESIDUAL)).sum(axis=1) > 0.9 * box.width())[0]
    assert [round(value_at(plots, RESIDUAL, row), 1) for row in guides.tolist()] == [3.0, -3.0]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_compliance_is_shaded_from_when_to_when_it_lasted(shown: Shown, theme: Theme) -> None:
    plots = shown(scene_of(Experiment(limited=(20, 60))), theme)
    picture, box = pixels(plots), box_of(plots, CURRENT)
    wash = rgb(theme.panel) + (rgb(theme.limited) - rgb(theme.panel)) * 56 / 255
    shaded = (np.abs(picture[box.top() : box.bottom(), box.left() : box.right()] - wash).max(axis=2) <= 2).sum(axis=0)
    columns = np.flatnonzero(shaded > 0.8 * box.height())
    begin, end = (chart_of(plots, CURRENT).time(column + 1.0) for column in (columns[0], columns[-1]))
    assert begin == pytest.approx(0.020, abs=0.0005)
    assert end == pytest.approx(0.060, abs=0.0005)


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_alarms_and_jumps_are_lines_at_their_moment_with_words(shown: Shown, theme: Theme) -> None:
    scene = Scene()
    for number, event in enumerate(Experiment(steps=200)):
        scene.take(event)
        if number == 2:
            noted(scene, "jump", "T0 to 20 µS")
        if number == 4:
            noted(scene, "alarm", "the mean has changed")
    plots = shown(scene, theme)
    picture, chart = pixels(plots), chart_of(plots, CONDUCTANCE)
    heights = painted(picture, theme.alarm, box_of(plots, CURRENT)).sum(axis=0)
    (first, *_) = np.flatnonzero(heights > 0.95 * box_of(plots, CURRENT).height())
    assert chart.time(first + 1.5) == pytest.approx(0.15, abs=0.001)
    box = box_of(plots, CONDUCTANCE)
    words = picture[box.top() : box.top() + 20, box.left() + first + 8 : box.right()]
    assert (np.abs(words - rgb(theme.alarm)).max(axis=2) < 90).any(axis=0).sum() > 60
    dashes = painted(picture, theme.text, box_of(plots, VOLTAGE)).sum(axis=0)
    assert chart.time(int(dashes.argmax()) + 1.5) == pytest.approx(0.05, abs=0.001)


def test_a_rest_is_a_gap_and_a_narrow_one_is_none(shown: Shown) -> None:
    wide = shown(scene_of(Experiment(drives=2, rest=0.05)))
    narrow = shown(scene_of(Experiment(drives=2, rest=0.0001, steps=2000)))
    for plots, has_gap in ((wide, True), (narrow, False)):
        box = box_of(plots, CURRENT)
        seen = np.flatnonzero(painted(pixels(plots), LIGHT.curves[0], box).any(axis=0))
        gap = int(np.diff(seen).max())
        assert (gap > 20) == has_gap
        assert has_gap or gap == 1


def test_few_samples_have_a_dot_each_and_many_have_none(shown: Shown) -> None:
    few, many = shown(scene_of(Experiment(steps=10))), shown(scene_of(Experiment(steps=1000)))
    heights = painted(pixels(few), LIGHT.curves[0], box_of(few, CURRENT)).sum(axis=0)
    dots = np.flatnonzero(np.diff((heights > 1).astype(int)) > 0)
    assert dots.size == 10
    heights = painted(pixels(many), LIGHT.curves[0], box_of(many, CURRENT)).sum(axis=0)
    assert heights.max() == 1


def test_a_single_sample_is_seen(shown: Shown) -> None:
    plots = shown(scene_of(Experiment(drives=5, steps=1, rest=10.0)))
    for kind in (CONDUCTANCE, CURRENT, VOLTAGE):
        seen = painted(pixels(plots), LIGHT.curves[0], box_of(plots, kind)).any(axis=0)
        assert np.count_nonzero(np.diff(seen.astype(int)) > 0) == 5


@pytest.mark.parametrize("place", [0, 123_456, 500_001, 999_999])
def test_a_spike_of_one_sample_among_a_million_is_seen(shown: Shown, place: int) -> None:
    plots = shown(million(place))
    box = box_of(plots, CONDUCTANCE)
    seen = painted(pixels(plots), LIGHT.curves[0], box)
    rows, columns = np.nonzero(seen)
    top = columns[rows == rows.min()]
    assert value_at(plots, CONDUCTANCE, rows.min()) == pytest.approx(2e-5, rel=0.02)
    chart = chart_of(plots, CONDUCTANCE)
    assert chart.time(float(top.mean()) + 1.5) == pytest.approx(place * 1e-3, abs=2 * chart.column)


def million(spike: int) -> Scene:
    """A million samples of 10 µS, but one of 20 µS."""
    scene = scene_of(Experiment(steps=1))
    line = Line("T0 → T1", 0)
    scene.lines[0, 1] = line
    values = np.full(1_000_000, 1e-5)
    values[spike] = 2e-5
    time = np.arange(1_000_000) * 1e-3
    for first in range(0, time.size, 10_000):
        part = slice(first, first + 10_000)
        line.conductance.append(time[part], values[part])
    scene.now = 1e3
    return scene


@pytest.mark.slow
@pytest.mark.parametrize("span", [None, 0.4])
@pytest.mark.parametrize("sizes", [Sizes(9), Sizes(16)])
def test_what_is_painted_as_it_comes_looks_like_what_is_painted_at_once(
    shown: Shown, app: QApplication, span: float | None, sizes: Sizes
) -> None:
    scene = Scene()
    plots = shown(scene, DARK, sizes)
    plots.span = span
    experiment = Experiment(
        lines=10, drives=3, steps=500, block=7, expected=True, noise=0.02, limited=(100, 300), rest=0.1
    )
    for event in experiment:
        scene.take(event)
        plots.show_scene(scene)
        app.processEvents()
    for _ in range(2):  # plots take turns
        plots.show_scene(scene)
        app.processEvents()
    grown = on_screen(plots)
    for panel in plots._sight.panels:
        panel.strip.suit(1, 1, "anew")
        panel._state = None
        panel._wait = 9
    plots._canvas.change()
    whole = pixels(plots)
    assert unlike(grown, whole) < 0.001
    assert unlike(grown, np.broadcast_to(rgb(DARK.panel), grown.shape)) > 0.1


def on_screen(plots: PlotArea) -> np.ndarray:
    """Return the px of the window as they are, without painting it anew."""
    return array_of(plots.screen().grabWindow(plots.winId()).toImage())


def unlike(one: np.ndarray, other: np.ndarray) -> float:
    """Return the share of px that have no like among the other's same px and its neighbours."""
    shifted = (np.roll(other, (down, right), (0, 1)) for down in (-1, 0, 1) for right in (-1, 0, 1))
    return float((np.min([np.abs(one - each).max(axis=2) for each in shifted], axis=0) > 40).mean())


def test_hidden_lines_are_gone_and_come_back(shown: Shown, app: QApplication) -> None:
    plots = shown(scene_of(Experiment(lines=2)))
    legend = plots._legend
    assert painted(pixels(plots), LIGHT.curves[0], box_of(plots, CONDUCTANCE)).any()
    legend._hide(frozenset({0}))
    assert not painted(pixels(plots), LIGHT.curves[0], box_of(plots, CONDUCTANCE)).any()
    assert painted(pixels(plots), LIGHT.curves[1], box_of(plots, CONDUCTANCE)).any()
    legend._hide(frozenset())
    assert painted(pixels(plots), LIGHT.curves[0], box_of(plots, CONDUCTANCE)).any()


def test_before_the_first_sample_that_is_said(shown: Shown) -> None:
    plots = shown(Scene())
    assert painted(pixels(plots), LIGHT.text, box_of(plots, CONDUCTANCE)).sum() == 0
    assert not painted(pixels(plots), LIGHT.panel, box_of(plots, CONDUCTANCE)).all()


def test_nothing_new_is_not_painted(shown: Shown, app: QApplication) -> None:
    scene = scene_of(Experiment())
    plots = shown(scene)
    for _ in range(3):
        plots.show_scene(scene)
        app.processEvents()
    turn = plots._sight.turn
    for _ in range(5):
        plots.show_scene(scene)
        app.processEvents()
    assert plots._sight.turn == turn


def test_another_run_takes_the_place_of_the_one_before(shown: Shown, app: QApplication) -> None:
    plots = shown(scene_of(Experiment(lines=3)))
    plots.show_scene(scene_of(Experiment(lines=1)))
    app.processEvents()
    picture = pixels(plots)
    assert painted(picture, LIGHT.curves[0], box_of(plots, CONDUCTANCE)).any()
    assert not painted(picture, LIGHT.curves[2], box_of(plots, CONDUCTANCE)).any()


def test_a_picture_that_moves_on_is_not_painted_anew(
    shown: Shown, app: QApplication, monkeypatch: pytest.MonkeyPatch
) -> None:
    painted_columns: list[int] = []
    renew = Strip.renew

    def counted(strip: Strip, first: int, last: int) -> list[tuple[int, int]]:
        gaps = renew(strip, first, last)
        painted_columns.append(sum(end - begin for begin, end in gaps))
        return gaps

    scene = Scene()
    plots = shown(scene)
    plots.span = 0.5
    monkeypatch.setattr(Strip, "renew", counted)
    for event in Experiment(steps=6000, block=10):
        scene.take(event)
        plots.show_scene(scene)
        app.processEvents()
    assert np.mean(painted_columns[len(painted_columns) // 4 :]) < 60
