"""That the map of the chip really paints what is done to each terminal, where it belongs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from live.chips import layout, scene, volts
from live.pixels import Painted
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QPaintEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolTip

from nwlab.core.drive import Force, Quantity
from nwlab.core.events import DriveFinished, Noted
from nwlab.live.chip.chip_map import ChipMap
from nwlab.live.chip.layout import ChipLayout, Wires, on_circle
from nwlab.live.chip.legend import lay_out, role_items
from nwlab.live.look.colour_scale import scale_of
from nwlab.live.look.palette import map_colours
from nwlab.live.look.theme import DARK, LIGHT, THEMES, Theme
from nwlab.live.scene.roles import Role
from nwlab.live.scene.scene import Scene

pytestmark = pytest.mark.usefixtures("app")
NAMES = tuple(str(number + 1) for number in range(16))


def ring() -> ChipLayout:
    """Terminals where nw16 has them, without its network."""
    whole = layout("nw16")
    return ChipLayout(whole.names, whole.position, whole.radius, is_to_scale=True)


def busy() -> Scene:
    """Every role at once: 1 and 6 driven (6 in compliance), 4 read, 13 → 15 with 10 and 11 sensed, 9 grounded."""
    sensed = Force(12, Quantity.CURRENT, np.full(2, 1e-5), 1.0, low=14, sense=(9, 10))
    return scene(NAMES, [volts(0, 1.0), volts(3, 0.0), volts(5, 0.5), sensed], ground=(8,), limited=(5,))


def shown(
    chip: ChipLayout, what: Scene | None = None, theme: Theme = LIGHT, size: tuple[int, int] = (700, 620)
) -> ChipMap:
    chip_map = ChipMap(theme)
    chip_map.resize(*size)
    chip_map.set_chip(chip)
    if what is not None:
        chip_map.show_scene(what)
    return chip_map


def places(chip_map: ChipMap) -> Iterator[tuple[str, float, float, float]]:
    """Name, x, y and reach in pixels of each mark."""
    assert chip_map._layout is not None
    laid = chip_map._lay_out(chip_map._layout)
    for name, (x, y), reach in zip(chip_map._layout.names, laid.centres.tolist(), laid.reach.tolist(), strict=True):
        yield name, x, y, reach


def colours(theme: Theme) -> dict[Role, str]:
    return {
        Role.DRIVEN: theme.driven,
        Role.READ: theme.read,
        Role.LOW: theme.low,
        Role.GROUNDED: theme.grounded,
        Role.SENSED: theme.sensed,
        Role.OPEN: theme.panel,
    }


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_each_terminal_has_the_colour_of_its_role(theme: Theme) -> None:
    what = busy()
    chip_map = shown(ring(), what, theme)
    painted = Painted(chip_map)
    assert set(what.roles) == set(Role)
    for (_, x, y, reach), role in zip(places(chip_map), what.roles, strict=True):
        shares = {each: painted.share(colour, x, y, 0.6 * reach) for each, colour in colours(theme).items()}
        assert max(shares, key=lambda each: shares[each]) is role
        assert shares[role] > 0.4


def test_roles_differ_in_shape_too() -> None:
    """Squares fill their corners, circles do not; diamonds and hexagons reach beyond a circle on their sides only."""
    chip_map = shown(ring(), busy())
    painted = Painted(chip_map)
    found = {name: (x, y, reach) for name, x, y, reach in places(chip_map)}

    def covers(name: str, role: Role, across: float, down: float) -> bool:
        x, y, reach = found[name]
        return painted.share(colours(LIGHT)[role], x + across * reach, y + down * reach, 0) == 1

    corner, side = (0.72, -0.72), (-1.05, 0.0)
    assert not covers("1", Role.DRIVEN, *corner)
    assert covers("15", Role.LOW, *corner)
    assert covers("9", Role.GROUNDED, *corner)
    assert not covers("4", Role.READ, *corner)
    assert covers("4", Role.READ, *side)
    assert covers("10", Role.SENSED, -0.95, 0.0)
    x, y, reach = found["9"]
    ground = painted.like(LIGHT.text)[round(y + reach) : round(y + 2 * reach), round(x - reach) : round(x + reach)]
    assert ground.sum() > 2 * reach, "the bars of the ground symbol"
    x, y, reach = found["15"]
    assert not painted.like(LIGHT.text)[round(y + 1.2 * reach) : round(y + 2 * reach), round(x)].any()


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_compliance_is_flagged_at_its_terminal_only(theme: Theme) -> None:
    chip_map = shown(ring(), busy(), theme)
    painted = Painted(chip_map)
    for name, x, y, reach in places(chip_map):
        at_rim = [painted.share(theme.limited, x + 1.42 * reach * way, y, 1) for way in (-1.0, 1.0)]
        assert (max(at_rim) > 0.5) == (name == "6"), name


def test_arrows_lead_from_where_it_is_driven_to_where_it_flows() -> None:
    chip_map = shown(ring(), scene(NAMES, [volts(0, 1.0, low=4)]))
    at = {name: np.array([x, y]) for name, x, y, _ in places(chip_map)}
    run = at["5"] - at["1"]
    painted = Painted(chip_map)
    for part in (0.2, 0.5, 0.8):
        x, y = at["1"] + part * run
        assert painted.share(LIGHT.driven, x, y, 1) > 0.5
    assert painted.share(LIGHT.driven, *(at["1"] + at["9"]) / 2, 8) == 0
    reach = next(reach for name, _, _, reach in places(chip_map) if name == "5")
    inwards = (1.35 * reach + 8) / np.hypot(*run) * run
    head, tail = (painted.share(LIGHT.driven, *at_end, 6) for at_end in (at["5"] - inwards, at["1"] + inwards))
    assert head > 1.25 * tail > 0, "the head is wider than the shaft"


def test_everything_is_at_rest_after_a_drive() -> None:
    what = scene(NAMES, [volts(0, 1.0, low=4)], limited=(0,))
    chip_map = shown(ring(), what)
    assert Painted(chip_map).like(LIGHT.driven)[:480].any()
    what.take(DriveFinished(0))
    chip_map.show_scene(what)
    painted = Painted(chip_map)
    top = round(max(y + 2 * reach for _, _, y, reach in places(chip_map)))
    for colour in (LIGHT.driven, LIGHT.low, LIGHT.limited):
        assert not painted.like(colour)[:top].any()


def test_values_stand_beside_driven_terminals() -> None:
    """The picture differs from one of the same roles with other values only within the label."""
    one, two = (shown(ring(), scene(NAMES, [volts(0, level, low=8)])) for level in (1.0, 0.777))
    different = (Painted(one).colour != Painted(two).colour).any(axis=2)
    rows, columns = np.nonzero(different)
    _, x, y, reach = next(places(one))
    assert len(rows) > 20
    assert columns.min() > x + reach
    assert np.abs(rows - y).max() < 4 * reach


CROSS = Wires(
    np.array([[[0, 0], [100, 100]], [[0, 100], [100, 0]], [[0, 30], [100, 30]], [[70, 0], [70, 100]]]) * 1e-6,
    np.array([[0, 1], [0, 2], [1, 3], [2, 3]], dtype=np.int32),
    np.array([1e-6, 1e-4, 1e-4, np.nan]),
)


def cross() -> ChipLayout:
    """Four wires that cross at (50, 50), (30, 30), (70, 30) um twice, of which one junction is shorted."""
    corners = np.array([[-40, 50], [140, 50]]) * 1e-6
    return ChipLayout(("A", "B"), corners, np.zeros(2), is_to_scale=True, wires=CROSS)


@pytest.mark.parametrize("theme", THEMES.values(), ids=THEMES)
def test_junctions_have_the_colour_of_their_conductance(theme: Theme) -> None:
    chip_map = shown(cross(), theme=theme)
    painted, table = Painted(chip_map), map_colours(theme)
    frame = chip_map._lay_out(cross()).frame
    np.testing.assert_allclose(CROSS.places[:3] * 1e6, [[50, 50], [30, 30], [70, 30]])
    number = scale_of(CROSS.conductance, "S", is_log=True).index(CROSS.conductance)
    assert number.tolist() == [0, 254, 254, 255]
    for place, colour in zip(frame.pixels(CROSS.places[:2]).tolist(), number, strict=False):
        assert painted.share(table[colour], *place, 1) == 1
    wire = frame.pixels(np.array([20e-6, 80e-6]))
    assert painted.share(theme.panel, *wire, 2) < 1, "a wire is there"
    assert painted.share(table[0], *wire, 2) == painted.share(table[254], *wire, 2) == 0, "and it is faint"


def test_a_grid_is_lines_between_its_points() -> None:
    grid = layout("grid21")
    assert grid.wires is not None
    chip_map = shown(grid)
    painted, frame = Painted(chip_map), chip_map._lay_out(grid).frame
    fresh = map_colours(LIGHT)[127]
    middles = frame.pixels(grid.wires.places)
    far = np.hypot(*(middles[:, None] - chip_map._lay_out(grid).centres[None]).transpose(2, 0, 1)).min(axis=1) > 30
    assert far.sum() > 1000
    found = [painted.share(fresh, x, y, 1.5, 60) > 0.2 for x, y in middles[far].tolist()]
    assert np.mean(found) > 0.98


def test_an_image_of_the_chip_lies_below_its_terminals() -> None:
    what = scene(("A", "B"))
    values = [[1.0, 2.0], [3.0, None]]
    what.take(Noted("image", {"title": "map", "unit": "1", "values": values, "extent": [0, 1e-4, 0, 1e-4]}))
    chip_map = shown(cross(), what)
    painted, table, frame = Painted(chip_map), map_colours(LIGHT), chip_map._lay_out(cross()).frame
    cells = {(15e-6, 85e-6 - 20e-6): 0, (85e-6, 62e-6): 127, (15e-6, 45e-6): 254}
    for place, number in cells.items():
        assert painted.share(table[number], *frame.pixels(np.array(place)), 4, 60) > 0.4, place
    assert painted.share(LIGHT.panel, *frame.pixels(np.array([90e-6, 45e-6])), 3) > 0.7, (
        "nothing where nothing is known"
    )
    assert painted.share(table[0], *frame.pixels(np.array([50e-6, 50e-6])), 0) == 0, (
        "junctions would be mistaken for it"
    )


@pytest.mark.parametrize("size", [(260, 240), (340, 300), (640, 520), (1200, 500), (420, 900)])
@pytest.mark.parametrize("points", [9, 14])
def test_the_legend_covers_nothing(size: tuple[int, int], points: int) -> None:
    chip_map = ChipMap(LIGHT)
    font = chip_map.font()
    font.setPointSize(points)
    chip_map.setFont(font)
    chip_map.resize(*size)
    chip_map.set_chip(layout("nw16"))
    chip_map.show_scene(busy())
    chip_map.grab()
    assert chip_map._strip is not None
    assert chip_map._front is not None
    boxes = [QRectF(left, top, item.width - 0.1, item.height - 0.1) for item, left, top in chip_map._strip.places]
    inside = QRectF(chip_map.rect())
    assert all(inside.contains(box) for box in boxes)
    marks = [QRectF(x - reach, y - reach, 2 * reach, 2 * reach) for _, x, y, reach in places(chip_map)]
    labels = [box for box, _ in chip_map._front._places.values()]
    assert all(inside.contains(box) for box in (*marks, *labels))
    for one, two in combinations((*boxes, *labels), 2):
        assert not one.intersects(two)
    assert not any(box.intersects(mark) for box in boxes for mark in marks)


def test_a_legend_that_would_leave_no_room_is_left_out() -> None:
    items = role_items(LIGHT, ChipMap(LIGHT).font(), 12.0)
    assert len(lay_out(items, [], 700, 600, 12.0).places) == 7
    strip = lay_out(items, [], 120, 100, 12.0)
    assert (strip.places, strip.area.width, strip.area.height) == ((), 120, 100)


def test_the_pointer_tells_role_values_and_junctions() -> None:
    chip_map = shown(layout("nw16"), busy())
    found = {name: QPointF(x, y) for name, x, y, _ in places(chip_map)}
    assert chip_map.told_at(found["6"]) == "6: driven, in compliance\n500 mV\n50 µA\n100 µS"
    assert chip_map.told_at(found["4"]) == "4: read at zero\n0 V\n0 A"
    assert chip_map.told_at(found["2"]) == "2: open"
    assert chip_map.told_at(QPointF(1, 1)) == ""
    wires = layout("nw16").wires
    assert wires is not None
    laid = chip_map._lay_out(layout("nw16"))
    middle = int(np.hypot(*(wires.places - 250e-6).T).argmin())
    told = chip_map.told_at(QPointF(*laid.frame.pixels(wires.places[middle])))
    assert told.startswith("junction of the fresh chip: ")
    assert told.endswith("µS")
    chip_map.show()
    QTest.mouseMove(chip_map, found["6"].toPoint())
    QApplication.processEvents()
    assert QToolTip.text().startswith("6: driven")
    QToolTip.hideText()


class Counted(ChipMap):
    """Counts how often it is painted."""

    frames = 0

    def paintEvent(self, event: QPaintEvent) -> None:  # noqa: N802
        self.frames += 1
        super().paintEvent(event)


def test_it_is_painted_when_something_has_changed_and_only_then() -> None:
    chip_map, what = Counted(LIGHT), scene(NAMES, [volts(0, 1.0, low=8)])
    chip_map.set_chip(ring())
    chip_map.show_scene(what)
    chip_map.show()
    QApplication.processEvents()
    before = chip_map.frames
    for _ in range(5):
        chip_map.show_scene(what)
        QApplication.processEvents()
    assert chip_map.frames == before >= 1
    chip_map.show_scene(scene(NAMES, [volts(0, 1.5, low=8)]))
    QApplication.processEvents()
    assert chip_map.frames == before + 1


def test_ten_thousand_junctions_cost_nothing_while_values_change() -> None:
    rng = np.random.default_rng(1)
    middle, angle = rng.uniform(0, 5e-4, (4000, 1, 2)), rng.uniform(0, np.pi, 4000)
    half = 2e-5 * np.stack([np.cos(angle), np.sin(angle)], axis=1)[:, None]
    junctions = rng.integers(0, 4000, (10_000, 2)).astype(np.int32)
    wires = Wires(np.concatenate([middle - half, middle + half], axis=1), junctions, 10 ** rng.uniform(-6, -3, 10_000))
    chip = ChipLayout(NAMES, ring().position, ring().radius, is_to_scale=True, wires=wires)
    chip_map = shown(chip, scene(NAMES, [volts(0, 1.0, low=8)]))
    scenes = [scene(NAMES, [volts(0, 1.0 + number / 100, low=8)]) for number in range(9)]
    whole = min(_seconds(chip_map, None) for _ in range(3))
    again = float(np.median([_seconds(chip_map, each) for each in scenes]))
    assert again < whole / 4


def _seconds(chip_map: ChipMap, what: Scene | None) -> float:
    """How long a frame takes on the processor: of another scene, or all anew."""
    start = time.process_time()
    if what is None:
        chip_map.set_theme(LIGHT)
    else:
        chip_map.show_scene(what)
    chip_map.grab()
    return time.process_time() - start


def test_without_a_layout_terminals_lie_on_a_circle() -> None:
    chip_map = ChipMap(DARK)
    chip_map.resize(400, 400)
    assert Painted(chip_map).like(DARK.panel).mean() > 0.9
    chip_map.show_scene(scene(("A", "B", "C"), [volts(2, 1.0, low=0)]))
    painted = Painted(chip_map)
    found = {name: (x, y, reach) for name, x, y, reach in places(chip_map)}
    assert painted.share(DARK.driven, *found["C"][:2], 0.5 * found["C"][2]) > 0.4
    assert painted.share(DARK.low, *found["A"][:2], 0.5 * found["A"][2]) > 0.4
    assert chip_map.told_at(QPointF(*found["B"][:2])) == "B: open"


def test_everything_grows_with_the_font() -> None:
    small, large = (shown(on_circle(NAMES)) for _ in range(2))
    font = large.font()
    font.setPointSizeF(2 * font.pointSizeF())
    large.setFont(font)
    before, after = (np.mean([reach for *_, reach in places(each)]) for each in (small, large))
    assert after > 1.5 * before
    assert large.minimumSizeHint().width() > 1.5 * small.minimumSizeHint().width()


def test_a_long_name_stands_beside_its_mark() -> None:
    chip = on_circle(("left electrode", "right electrode"))
    chip_map = shown(chip)
    painted = Painted(chip_map)
    for _, x, y, reach in places(chip_map):
        assert not painted.share(LIGHT.text, x, y, 0.6 * reach) > 0
    chip_map.grab()
    assert chip_map._front is not None
    for box, count in chip_map._front._places.values():
        text = painted.like(LIGHT.text, 60)[
            round(box.top()) : round(box.bottom()), round(box.left()) : round(box.right())
        ]
        assert count == 1
        assert text.sum() > 40


def test_keys_and_pointer_do_not_disturb_a_map_without_a_chip() -> None:
    chip_map = ChipMap(LIGHT)
    chip_map.resize(200, 200)
    assert chip_map.told_at(QPointF(100, 100)) == ""
    QTest.keyClick(chip_map, Qt.Key.Key_Space)
