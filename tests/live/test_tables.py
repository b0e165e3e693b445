"""That the matrix and published images are really painted, cell by cell, and told with units."""

from __future__ import annotations

import numpy as np
import pytest
from live.chips import scene
from live.pixels import Painted
from PySide6.QtCore import QPointF
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from nwlab.core.events import Noted
from nwlab.live.chip.heatmap_sheet import Sheet
from nwlab.live.chip.tables import MATRIX, ImagePanel
from nwlab.live.look.colour_scale import scale_of
from nwlab.live.look.palette import map_colours
from nwlab.live.look.theme import DARK, LIGHT, THEMES, Theme
from nwlab.live.scene.scene import Scene

pytestmark = pytest.mark.usefixtures("app")
NAMES = ("A", "B", "N", "S")
PAIRS = {(0, 1): 1e-6, (0, 2): 1e-5, (1, 3): 1e-4}


def measured() -> Scene:
    what = scene(NAMES)
    for (one, two), value in PAIRS.items():
        what.matrix[one, two] = what.matrix[two, one] = value
    return what


def shown(what: Scene, theme: Theme = LIGHT, size: tuple[int, int] = (520, 540)) -> ImagePanel:
    panel = ImagePanel(theme)
    panel.resize(*size)
    panel.show_scene(what)
    panel.grab()
    return panel


def sheet(panel: ImagePanel) -> Sheet:
    found = panel.heatmap._sheet
    assert found is not None
    return found


def middle(panel: ImagePanel, row: int, column: int, part: float = 0.5) -> QPointF:
    """The middle of a cell, or another point on its diagonal."""
    found = sheet(panel)
    rows, columns = found.image.values.shape
    cells = found.cells
    x = cells.left() + (column + part) * cells.width() / columns
    return QPointF(x, cells.top() + (row + part) * cells.height() / rows)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_each_pair_has_its_colour_and_the_rest_is_hatched(theme: Theme) -> None:
    what = measured()
    panel = shown(what, theme)
    painted, table = Painted(panel.heatmap), map_colours(theme)
    number = scale_of(what.matrix, "S", is_log=True).index(what.matrix)
    assert sorted({*number.ravel().tolist()}) == [0, 127, 254, 255]
    for (row, column), index in np.ndenumerate(number):
        at = middle(panel, row, column, 0.2)
        if index < 255:
            assert painted.share(table[index], at.x(), at.y(), 4) == 1
        else:
            square = painted.colour[round(at.y()) - 8 : round(at.y()) + 8, round(at.x()) - 8 : round(at.x()) + 8]
            assert len(np.unique(square.reshape(-1, 3), axis=0)) >= 2, "hatched"
            assert painted.share(theme.panel, at.x(), at.y(), 8) > 0.3


def test_names_stand_along_both_sides() -> None:
    panel = shown(measured())
    text, cells = Painted(panel.heatmap).like(LIGHT.text, 60), sheet(panel).cells
    for index in range(4):
        at = middle(panel, index, index)
        row, column = round(at.y()), round(at.x())
        assert text[row - 6 : row + 6, : round(cells.left()) - 2].sum() > 8
        below = round(cells.bottom()) + 2
        assert text[below : below + 16, column - 6 : column + 6].sum() > 8


def test_the_pointer_tells_the_value_with_its_unit() -> None:
    panel = shown(measured())
    assert panel.heatmap.told_at(middle(panel, 0, 2)) == "row A, column N: 10 µS"
    assert panel.heatmap.told_at(middle(panel, 2, 2)) == "row N, column N: no value"
    assert panel.heatmap.told_at(QPointF(1, 1)) == ""
    panel.show()
    QTest.mouseMove(panel.heatmap, middle(panel, 1, 3).toPoint())
    QApplication.processEvents()
    assert QToolTip.text() == "row B, column S: 100 µS"
    QToolTip.hideText()


def test_it_grows_with_the_run() -> None:
    what = scene(NAMES)
    panel = shown(what)
    assert panel.heatmap.told_at(QPointF(100, 100)) == ""
    assert Painted(panel.heatmap).like(LIGHT.panel).mean() > 0.9
    what.matrix[0, 3] = what.matrix[3, 0] = 2e-6
    panel.show_scene(what)
    panel.grab()
    assert panel.heatmap.told_at(middle(panel, 3, 0)).endswith("2 µS")
    what.matrix[0, 3] = what.matrix[3, 0] = 3e-6
    panel.show_scene(what)
    panel.grab()
    assert panel.heatmap.told_at(middle(panel, 3, 0)).endswith("3 µS")


def image(title: str, scale: float = 1.0, **more: object) -> Noted:
    values = (np.arange(12.0).reshape(3, 4) * scale).tolist()
    return Noted("image", {"title": title, "unit": "V", "values": values, **more})


def test_images_come_and_who_has_chosen_keeps_his_choice() -> None:
    what = scene(NAMES)
    what.take(image("states"))
    panel = shown(what)
    assert panel.chooser.currentText() == "states"
    assert panel.heatmap.told_at(middle(panel, 1, 2)) == "row 2, column 3: 6 V"
    what.matrix[0, 1] = 1e-6
    what.take(image("weights"))
    panel.show_scene(what)
    assert [panel.chooser.itemText(index) for index in range(panel.chooser.count())] == [MATRIX, "states", "weights"]
    assert panel.chooser.currentText() == MATRIX
    QTest.keyClicks(panel.chooser, "w")
    panel.chooser.textActivated.emit(panel.chooser.currentText())
    what.take(image("weights", scale=2.0))
    panel.show_scene(what)
    panel.grab()
    assert panel.chooser.currentText() == "weights"
    assert panel.heatmap.told_at(middle(panel, 1, 2)) == "row 2, column 3: 12 V"


def test_an_image_of_a_place_is_to_scale_with_the_first_row_on_top() -> None:
    what = scene(NAMES)
    what.take(image("map", extent=[0, 4e-4, 0, 1e-4]))
    panel = shown(what, DARK, (640, 400))
    found, table = sheet(panel), map_colours(DARK)
    assert found.cells.width() == pytest.approx(4 * found.cells.height())
    assert panel.heatmap.told_at(middle(panel, 0, 0)) == "y = 83.3 µm, x = 50 µm: 0 V"
    painted = Painted(panel.heatmap)
    for row, column, number in ((0, 0, 0), (2, 3, 254)):
        at = middle(panel, row, column)
        assert painted.share(table[number], at.x(), at.y(), 4) == 1
    assert [text for _, text in found.columns.ticks(500, lambda text: 8.0 * len(text))][-1] == "400 µm"
    rows = found.rows.ticks(60, lambda _: 20.0)
    assert [part for part, _ in rows] == sorted((part for part, _ in rows), reverse=True), "y grows upwards"


def test_values_are_written_into_cells_that_have_room() -> None:
    """A cell then has ink that stands out from its colour."""
    what = measured()
    for size, written in (((560, 560), True), ((200, 200), False)):
        panel = shown(what, size=size)
        at, painted = middle(panel, 0, 1), Painted(panel.heatmap)
        assert (painted.share("#FFFFFF", at.x(), at.y(), 6, 60) > 0.05) == written


@pytest.mark.parametrize("size", [(160, 170), (300, 260), (900, 300), (1400, 1000)])
@pytest.mark.parametrize("points", [9, 16])
def test_nothing_is_cut_off(size: tuple[int, int], points: int) -> None:
    names = tuple(f"electrode {number}" for number in range(16))
    what = scene(names)
    what.matrix[:] = 1e-6
    panel = ImagePanel(LIGHT)
    font = panel.font()
    font.setPointSize(points)
    panel.setFont(font)
    panel.resize(*size)
    panel.show_scene(what)
    painted = Painted(panel.heatmap)
    found = sheet(panel)
    assert panel.heatmap.rect().contains(found.cells.toRect())
    text = painted.like(LIGHT.text, 40)
    assert not text[:, :1].any()
    assert not text[:, -1:].any()
    assert not text[-1:].any()


def test_a_table_that_is_no_matrix_fills_its_room() -> None:
    what = scene(NAMES)
    what.take(image("states", rows=["x", "y", "z"]))
    panel = shown(what, size=(700, 300))
    assert sheet(panel).cells.width() > 2.5 * sheet(panel).cells.height()
    assert panel.heatmap.told_at(middle(panel, 2, 0)) == "row z, column 1: 8 V"
