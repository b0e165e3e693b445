"""What a step has found out, as people read it."""

from __future__ import annotations

import numpy as np
import pytest

from nwlab.core.errors import UsageError
from nwlab.core.result import Result, told


def test_a_result_in_one_line() -> None:
    found = {
        "reached": True,
        "stuck": False,
        "pulses": 7,
        "conductance": {"value": 2.002e-5, "error": 2.84e-8, "unit": "S"},
        "rate": {"value": 0.0824312, "unit": "1/s"},
        "ratio": {"value": 3},
        "deviation": -0.00123456,
        "remark": "noisy",
        "lost": {"value": None, "unit": "S"},
    }
    assert told(found) == (
        "reached yes, stuck no, pulses 7, conductance 20.02 uS ± 28 nS, rate 0.08243 1/s, ratio 3, "
        "deviation -0.001235, remark noisy, lost {'value': None, 'unit': 'S'}"
    )


@pytest.mark.parametrize("found", [0.5, "reached", None])
def test_what_names_nothing_is_no_result(found: object) -> None:
    with pytest.raises(UsageError, match="a result says what its values are"):
        Result(found)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["name", "text", 3])
def test_a_name_that_the_record_needs_itself_is_refused(name: object) -> None:
    with pytest.raises(UsageError, match=f"cannot be called {name!r}: choose another name for 1"):
        Result({name: 1})  # type: ignore[dict-item]


@pytest.mark.parametrize("value", [np.ones(3), [1, 2], {"unit": "S", "value": [1]}, {"value": np.ones(2)}])
def test_a_value_that_no_table_can_hold_is_refused(value: object) -> None:
    with pytest.raises(UsageError, match="a result is numbers, texts, True and False"):
        Result({"seen": value})
