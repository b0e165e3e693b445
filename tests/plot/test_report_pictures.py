"""The pictures of a report: what must not be missed is seen, on white and on dark ground."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import image

from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.reading import Reading
from nwlab.core.record import RunInfo
from nwlab.core.rows import tabulate
from nwlab.plot.course import Course, Stretch
from nwlab.plot.loops import Loops, swept
from nwlab.plot.style import DARK, LIGHT, Look
from nwlab.plot.views import Curve, curves

LOOKS = pytest.mark.parametrize("look", [LIGHT, DARK], ids=["light", "dark"])


@dataclass
class Title:
    """A run as far as a picture's title is concerned."""

    info: RunInfo = field(default_factory=lambda: RunInfo("x", chip="c"))
    status: str = "finished"
    started: datetime | None = datetime(2026, 1, 1, tzinfo=UTC)


def played(levels: FloatArray) -> Curve:
    """A curve of 1 s steps at a resistor of 10 kOhm."""
    count = levels.size
    drive = Drive(np.ones(count), (Force(0, Quantity.VOLTAGE, levels, 1.0),))
    onset, column, flags = np.arange(count, dtype=float), levels[:, None], np.zeros((count, 1), np.bool_)
    middle, aperture = onset[:, None] + 0.5, np.ones((count, 1))
    reading = Reading(0.0, onset, middle, aperture, column, column / 1e4, flags, flags)
    return curves(tabulate(0, drive, 0, reading, 0.0), ("A",))[0]


def drawn(conductance: Sequence[float] | FloatArray, limited: Sequence[int] = ()) -> list[Curve]:
    """One curve of 1 s steps at 1 V."""
    values = np.asarray(conductance, float)
    count = values.size
    drive = Drive(np.ones(count), (Force(0, Quantity.VOLTAGE, np.ones(count), 1.0),))
    onset, column = np.arange(count, dtype=float), np.ones((count, 1))
    flags = np.isin(np.arange(count), limited)[:, None]
    current = values[:, None]
    reading = Reading(0.0, onset, onset[:, None] + 0.5, column, column, current, flags, np.zeros((count, 1), np.bool_))
    return curves(tabulate(0, drive, 0, reading, 0.0), ("A",)) if count else []


def pixels(png: bytes, colour: str) -> np.ndarray:
    """Which pixels of a picture have a colour; (rows, columns)."""
    wanted = np.array(mpl.colors.to_rgb(colour))
    return np.abs(image.imread(io.BytesIO(png))[:, :, :3] - wanted).max(axis=2) < 0.02


@LOOKS
def test_curves_band_and_paper_have_the_colours_of_the_look(look: Look) -> None:
    png = Course(Title(), drawn(np.linspace(1e-4, 2e-4, 50), range(20, 30))).png(look)
    for colour in (look.colours[0], look.band, look.paper, look.grid):
        assert pixels(png, colour).sum() > 500
    assert pixels(png, look.paper)[:10].all()


@LOOKS
def test_spike_of_one_sample_in_a_million_is_seen(look: Look) -> None:
    values = np.full(1_000_000, 1e-4)
    values[777_777] = 3e-4
    seen = pixels(Course(Title(), drawn(values)).png(look), look.colours[0]).sum(axis=0)
    tall = np.flatnonzero(seen > 300)
    assert 1 <= tall.size <= 6
    assert 0.65 < tall.mean() / 1280 < 0.85


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1e-6, 9e-6], False),
        ([1e-6, 11e-6], True),
        ([-1e-9, 1e-6], False),
        ([-1e-9, 1e-6, 1e-3], True),
        ([1e-6], False),
    ],
)
def test_logarithmic_panel_where_conductance_spans_a_decade(values: list[float], expected: bool) -> None:
    course = Course(Title(), drawn(values))
    assert course.is_logarithmic is expected
    height = image.imread(io.BytesIO(course.png(LIGHT))).shape[0]
    assert (height > 1300) is expected


@pytest.mark.parametrize("low", [1e-300, 1e-15])
def test_hardly_any_conductance_does_not_stretch_the_axis(low: float) -> None:
    """Noise around nothing crosses zero as closely as it likes."""
    seen = pixels(Course(Title(), drawn([low, *[1e-5, 1e-4] * 30])).png(LIGHT), LIGHT.colours[0])
    assert seen.sum() > 1000


def test_steps_are_named_where_there_is_room_and_marked() -> None:
    course = Course(Title(), drawn([1e-4] * 100), [Stretch("1 form", 0, 50), Stretch("2 a very long name", 50, 100)])
    bare = Course(Title(), drawn([1e-4] * 100))
    marked, plain = (each.png(LIGHT) for each in (course, bare))
    assert pixels(marked, LIGHT.stretch).sum() > 5000
    assert pixels(plain, LIGHT.stretch).sum() < 500


def test_one_step_and_hundreds_of_steps_are_not_marked() -> None:
    many = [Stretch(f"{index} step", index, index + 1) for index in range(100)]
    for stretches in (many, many[:1]):
        png = Course(Title(), drawn([1e-4] * 100), stretches).png(LIGHT)
        assert pixels(png, LIGHT.stretch).sum() < 500


def test_names_are_not_taken_for_formulas() -> None:
    title = Title(RunInfo("$\\frac{", chip="_$x^", bench="\n\t電\x00"))
    several = drawn([1e-4, 2e-4]) * 2
    stretches = [Stretch("$\\frac{1", 0, 1), Stretch("", 1, 2)]
    assert Course(title, several, stretches).png(LIGHT).startswith(b"\x89PNG")


def test_curves_without_a_number_are_drawn() -> None:
    assert Course(Title(), drawn([np.nan, np.nan])).png(DARK).startswith(b"\x89PNG")
    assert Course(Title(), drawn([np.inf, 1.0])).png(DARK).startswith(b"\x89PNG")


def test_settings_of_the_user_are_left_alone() -> None:
    before = dict(mpl.rcParams)
    Course(Title(), drawn([1e-4, 1e-5])).png(DARK)
    assert dict(mpl.rcParams) == before


@LOOKS
def test_every_curve_stands_out_from_the_paper(look: Look) -> None:
    """Contrast as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        channels = np.array(mpl.colors.to_rgb(colour))
        linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    for colour in (*look.colours, look.ink, look.quiet):
        dark, light = sorted((luminance(colour), luminance(look.paper)))
        assert (light + 0.05) / (dark + 0.05) > 2.2


@pytest.mark.parametrize(
    ("levels", "expected"),
    [
        (np.concatenate([np.linspace(0, 2, 41), np.linspace(2, -2, 81), np.linspace(-2, 0, 41)]), True),
        (np.sin(np.linspace(0, 30, 500)), True),
        (np.tile([2.0, 0.1], 50), False),
        (np.full(100, 1.0), False),
        (np.random.default_rng(1).uniform(-1, 1, 500), False),
        (np.array([1.0]), False),
    ],
    ids=["loop", "sine", "pulses", "constant", "noise", "one"],
)
def test_loops_are_drawn_of_what_was_swept(levels: FloatArray, expected: bool) -> None:
    assert swept(played(levels)) is expected


@LOOKS
def test_a_resistor_is_a_straight_line_through_the_middle(look: Look) -> None:
    """2 V and 200 uA at the ends: the line's pixels lie on the diagonal of the left half, and nowhere else."""
    levels = np.concatenate([np.linspace(-2, 2, 81), np.linspace(2, -2, 81)])
    seen = pixels(Loops(Title(), [played(levels)]).png(look), look.colours[0])
    rows, columns = np.nonzero(seen[:, : seen.shape[1] // 2])
    assert np.corrcoef(rows, columns)[0, 1] < -0.999
    assert seen[:, seen.shape[1] // 2 :].any()


def test_only_the_last_loops_of_a_long_run_are_drawn() -> None:
    levels = np.tile(np.concatenate([np.linspace(-1, 1, 50), np.linspace(1, -1, 50)]), 300)
    loops = Loops(Title(), [played(levels)])
    assert loops.is_cut
    assert not Loops(Title(), [played(levels[:1000])]).is_cut
    assert loops.png(LIGHT).startswith(b"\x89PNG")
