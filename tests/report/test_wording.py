"""Numbers, times and noted values, as the report writes them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from nwlab.core.units import G0
from nwlab.report import wording
from nwlab.report.markup import Markup, element, text

THIN = "\u202f"


@pytest.mark.parametrize(
    ("value", "unit", "said"),
    [
        (1.23364e-5, "S", "12.34 µS"),
        (-4.7e3, "Ohm", "−4.7 kΩ"),
        (0.0, "V", "0 V"),
        (float("nan"), "S", "–"),
        (float("inf"), "A", "–"),
        (5.217e-4, "1/s", "0.0005217 1/s"),
        (0.5, "1", "0.5"),
        (12.0, "uncut", "12 uncut"),
    ],
)
def test_quantities(value: float, unit: str, said: str) -> None:
    assert wording.quantity(value, unit) == said.replace(" ", THIN)


@pytest.mark.parametrize(
    ("value", "error", "unit", "said"),
    [
        (12.3e-3, 4e-4, "s", "12.30 ± 0.40 ms"),
        (-2.5e-6, 1.24e-8, "A", "−2.500 ± 0.012 µA"),
        (1e-9, 5e-6, "S", "0.0 ± 5.0 µS"),
        (5.2e-4, 3.1e-5, "1/s", "0.000520 ± 0.000031 1/s"),
        (0.98, 0.0, "1", "0.98"),
        (250.0, 30.0, "1", "250 ± 30"),
    ],
)
def test_errors_stand_in_the_unit_of_their_value(value: float, error: float, unit: str, said: str) -> None:
    number, separator, written = said.rpartition(" ")
    assert wording.measured(value, error, unit) == (f"{number}{THIN}{written}" if unit != "1" else said)
    assert separator or unit == "1"


def test_conductance_also_in_quanta() -> None:
    assert wording.conductance(G0) == f"77.48{THIN}µS (1{THIN}G₀)"


def test_times_have_their_offset() -> None:
    east = timezone(timedelta(hours=5, minutes=30))
    assert wording.moment(datetime(2026, 1, 2, 3, 4, 5, tzinfo=east)) == "2026-01-02 03:04:05 (UTC+05:30)"
    assert wording.moment(datetime(2026, 1, 2, tzinfo=UTC)) == "2026-01-02 00:00:00 (UTC+00:00)"
    assert wording.parsed("yesterday") is None


def test_noted_values_are_one_line_that_ends() -> None:
    said = wording.value({"a": True, "b": None, "c": 0.1234567, "d": list(range(100)), "e": {"f": "g"}})
    assert said == "a: yes; b: –; c: 0.123457; d: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, … (100 in all); e: f: g"
    assert len(wording.value("x" * 10_000)) < 700


def test_everything_but_markup_is_escaped() -> None:
    assert text("<b>") == "&lt;b&gt;"
    assert text(Markup("<b>")) == "<b>"
    assert element("p", "a & b", title='"', class_="x", id=None) == '<p title="&quot;" class="x">a &amp; b</p>'
    assert text("a\x00\ud800b") == "a\ufffd\ufffdb"
