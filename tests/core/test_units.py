import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nwlab.core.units import G0, UnitError, duration, parse, show, unit_of


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("100 uA", "A", 1e-4),
        ("100 µA", "A", 1e-4),
        ("100 μA", "A", 1e-4),
        ("3.6V", "V", 3.6),
        ("-1.5 V", "V", -1.5),
        ("−1.5 V", "V", -1.5),
        ("51 ms", "s", 0.051),
        ("2 min", "s", 120.0),
        ("1 h", "s", 3600.0),
        ("1e-3 A", "A", 1e-3),
        ("10 kOhm", "Ohm", 1e4),
        ("10 kΩ", "Ohm", 1e4),
        ("1 MOhm", "Ohm", 1e6),
        ("0.5 mOhm", "Ohm", 5e-4),
        ("1 G0", "S", G0),
        ("5.217e-4 1/s", "1/s", 5.217e-4),
        ("1.29 1/V", "1/V", 1.29),
        ("3.2e-4 1/sqrt(s)", "1/sqrt(s)", 3.2e-4),
        ("1 V/s", "V/s", 1.0),
        ("1 mV/ms", "V/s", 1.0),
        ("2 %", "1", 0.02),
        ("7", "1", 7.0),
        ("40 um", "m", 4e-5),
    ],
)
def test_quantities_become_si(text: str, unit: str, value: float) -> None:
    assert parse(text, unit) == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("3 A", "V"),
        ("3", "V"),
        ("V", "V"),
        ("", "V"),
        ("3 mmV", "V"),
        ("3 V", "1"),
        ("1 m", "s"),
        ("1e999 V", "V"),
        ("3 V/s", "V"),
        ("nan V", "V"),
    ],
)
def test_anything_else_is_refused_with_an_example(text: str, unit: str) -> None:
    with pytest.raises(UnitError, match=r"write for example|too large"):
        parse(text, unit)


@given(st.floats(min_value=1e-14, max_value=1e13), st.sampled_from(["V", "A", "s", "S", "Ohm"]))
def test_what_is_shown_can_be_read_back(value: float, unit: str) -> None:
    assert parse(show(value, unit, 9), unit) == pytest.approx(value, rel=1e-8)


def test_texts_for_people() -> None:
    assert show(1.23364e-5, "S") == "12.34 uS"
    assert show(0.99996, "V") == "1 V"
    assert show(999.96e-6, "A") == "1 mA"
    assert show(0, "A") == "0 A"
    assert show(-0.05, "V") == "-50 mV"
    assert math.isnan(float(show(math.nan, "V").split()[0]))
    assert duration(0.5) == "500 ms"
    assert duration(461) == "7 min 41 s"
    assert duration(4013) == "1 h 06 min 53 s"


def test_the_unit_of_a_text() -> None:
    assert [unit_of(text) for text in ("51 ms", "3 uA", "2", "2 V/s", "soon")] == ["s", "A", "1", "V/s", None]
