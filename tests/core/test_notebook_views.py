"""What a notebook shows of a drive, and the pieces that it is made of."""

from __future__ import annotations

import re
from xml.etree import ElementTree as Xml

import numpy as np
import pytest
from core.shown import MOST, SVG, Table, heights, picture, texts

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.envelope import Envelope
from nwlab.core.markup import card
from nwlab.core.svg import HUES, Panel, chart, path


def force(levels: np.ndarray, terminal: int = 0, **options: object) -> Force:
    return Force(terminal, Quantity.VOLTAGE, levels, 1e-4, **options)


def test_a_drive_says_what_is_done() -> None:
    levels = np.tile([3.0, -1.0], 50)
    current = Force(2, Quantity.CURRENT, np.full(100, 1e-6), 2.0, sense=(3, 4))
    drive = Drive(
        np.full(100, 0.05), (force(levels, low=1, range=1e-5), current), (5, 6), np.full(100, 0.01), hold=True
    )
    text = drive._repr_html_()
    assert "<strong>Drive: 100 steps, 5 s</strong>" in text
    assert Table(text).facts == {
        "terminal 0 → 1": "-1 V to 3 V, compliance 100 uA, range 10 uA",
        "terminal 2 → common": "1 uA, compliance 2 V, sensed between 3 and 4",
        "grounded": "5, 6",
        "dwell": "50 ms",
        "read after": "10 ms",
        "afterwards": "the last levels are held",
    }
    told = texts(picture(text))
    assert "voltageterminal 0 → 1" in told
    assert {"0 V", "2 V", "1 µA", "0 s", "5 s"} <= set(told)


def test_a_drive_s_levels_are_drawn_at_their_times() -> None:
    levels = np.concatenate([np.zeros(50), np.full(25, 1.0), np.full(25, 0.5)])
    svg = picture(Drive(np.full(100, 0.1), (force(levels),))._repr_html_())
    (line,) = (each.get("d") for each in svg.iter(f"{SVG}path"))
    y = heights(line)
    assert len(set(y)) == 3
    top, middle, bottom = sorted(set(y))
    assert middle - top == pytest.approx(bottom - middle, abs=0.2)
    columns = np.array([float(x) for x, _ in re.findall(r"[ML]([\d.]+) ([\d.-]+)", line)])
    share = (columns - columns[0]) / (columns[-1] - columns[0])
    assert share[y == bottom].max() == pytest.approx(0.5, abs=0.01)
    assert share[y == middle].min() == pytest.approx(0.75, abs=0.01)


def test_a_wait_has_no_picture() -> None:
    text = Drive(np.array([7200.0]))._repr_html_()
    assert "Drive: 1 step, 2 h 00 min 00 s, nothing forced" in text
    assert "<svg" not in text


def test_a_long_drive_of_many_forces_is_drawn_small_with_its_spike() -> None:
    levels = np.random.default_rng(1).uniform(-0.1, 0.1, 1_000_000)
    levels[777_777] = 3.0
    text = Drive(np.full(1_000_000, 1e-3), tuple(force(levels, k) for k in range(12)))._repr_html_()
    assert len(text) < MOST
    assert "4 more forces are not drawn" in text
    line = next(each.get("d") for each in picture(text).iter(f"{SVG}path"))
    y = heights(line)
    assert (y < y.max() - 30).sum() <= 2


def envelope(values: list[float]) -> Envelope:
    found = Envelope()
    when = np.arange(float(len(values)))
    found.add(when, when + 1, np.array(values, float))
    return found


def test_gaps_break_a_line_and_a_single_value_is_a_point() -> None:
    nan = np.nan
    x, y = np.arange(6.0), np.array([1.0, 2.0, nan, 4.0, nan, 6.0])
    assert path(x, y, y) == "M0 1h0L1 2M3 4h0M5 6h0"


def test_curves_have_colours_and_moments_are_shaded() -> None:
    many = [(f"T{k}", envelope([1.0 + k, 2.0 + k])) for k in range(8)]
    svg = Xml.fromstring(chart([Panel("voltage", "V", many)], 2.0, envelope([np.nan, 1.0])))
    assert [each.get("stroke") for each in svg.iter(f"{SVG}path")] == [*HUES, *HUES[:2]]
    assert "voltageT0T1T2T3T4T5and 2 more" in texts(svg)
    (band,) = svg.iter(f"{SVG}rect")
    assert float(band.get("x")) == pytest.approx((84 + 628) / 2, abs=2)
    assert float(band.get("width")) == pytest.approx((628 - 84) / 2, abs=2)


def test_values_that_span_decades_are_drawn_on_a_logarithmic_axis() -> None:
    svg = Xml.fromstring(chart([Panel("conductance", "S", [("A", envelope([1e-9, 1e-6, 1e-3]))])], 3.0))
    assert {"1 nS", "100 nS", "10 µS", "1 mS"} <= set(texts(svg))


def test_nothing_to_draw_is_no_picture() -> None:
    assert chart([], 1.0) == ""
    assert chart([Panel("voltage", "V", [("A", envelope([np.nan]))])], 1.0) == ""
    assert chart([Panel("voltage", "V", [("A", envelope([1.0]))])], 0.0) == ""


EVIL = '<script>alert("1")</script>&\x1b[2J\x00'
SHOWN = '<script>alert("1")</script>&?[2J?'


def test_everything_is_escaped() -> None:
    text = card(EVIL, [(EVIL, EVIL), ("empty", "")])
    assert "<script" not in text
    assert Table(text).facts == {SHOWN: SHOWN}
    svg = Xml.fromstring(chart([Panel(EVIL, "V", [(EVIL, envelope([1.0, 2.0]))])], 2.0))
    assert SHOWN * 2 in texts(svg)


def test_long_tables_and_facts_are_cut_and_say_so() -> None:
    text = card("x", [(f"name {index}", "y" * 10_000) for index in range(100)])
    facts = Table(text).facts
    assert (len(facts), facts[""]) == (61, "and 40 more")
    assert facts["name 0"].endswith("y …")
    assert len(text) < MOST
