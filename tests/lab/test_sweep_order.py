"""What a person may write behind `--vary`, and which points and seeds come of it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from nwlab.core.errors import FileError, UsageError
from nwlab.lab.sweep.asking import ask
from nwlab.lab.sweep.batch import play_batch
from nwlab.lab.sweep.order import SweepOrder, order_from

PROTOCOL = """\
name = "mine"
[parameters]
level = { value = "1 V", max = "9 V" }
count = { value = 3, min = 1 }
source = { value = "A", kind = "terminal" }
[[step]]
do = "read"
source = "$source"
sink = "B"
voltage = "$level"
count = "$count"
"""
KP0 = "chip.model.parameters.kp0"


@pytest.fixture
def protocol(tmp_path: Path) -> str:
    path = tmp_path / "mine.toml"
    path.write_text(PROTOCOL, encoding="utf-8")
    return str(path)


def order(
    protocol: str, *vary: tuple[str, str], chips: Sequence[str] = ("stochastic-2025",), **more: int
) -> SweepOrder:
    return ask(protocol, chips, {}, vary, **more)


@pytest.mark.parametrize(
    ("key", "text", "unit", "values"),
    [
        ("level", "0.5 V:2.5 V:5", "V", (0.5, 1.0, 1.5, 2.0, 2.5)),
        ("level", "500 mV:1 V:2", "V", (0.5, 1.0)),
        ("level", "1 V:1 V:1", "V", (1.0,)),
        ("level", "1 V, 20 mV,3", "V", None),
        ("level", "1 V, 20 mV", "V", (1.0, 0.02)),
        ("count", "1:5:3", "1", (1, 3, 5)),
        ("count", "4,2", "1", (4, 2)),
        ("source", "A", "", ("A",)),
        ("chip.start.conductance", "10 uS:1.2e-5 S:3", "S", (1e-5, 1.1e-5, 1.2e-5)),
        (KP0, "1e-4 1/s, 2e-4 1/s", "1/s", (1e-4, 2e-4)),
        ("chip.model.parameters.noise", "0 1/sqrt(s):4e-4 1/sqrt(s):3", "1/sqrt(s)", (0.0, 2e-4, 4e-4)),
        ("chip.model.jumps.exponent", "2.5:3:2", "1", (2.5, 3.0)),
        ("chip.seed", "1:4:4", "1", (1, 2, 3, 4)),
        ("chip.about", "one, two", "", ("one", "two")),
    ],
)
def test_values_of_a_key(protocol: str, key: str, text: str, unit: str, values: tuple[object, ...] | None) -> None:
    if values is None:
        with pytest.raises(UsageError, match="'3' has no unit"):
            order(protocol, (key, text))
        return
    (axis,) = order(protocol, (key, text)).axes
    assert (axis.key, axis.unit) == (key, unit)
    assert axis.values == pytest.approx(values, rel=1e-15) if unit else axis.values == values
    assert [type(each) for each in axis.values] == [type(each) for each in values]


@pytest.mark.parametrize(
    ("vary", "error", "message"),
    [
        ([("levle", "1 V:2 V:3")], UsageError, "has no parameter 'levle' .did you mean 'level'.*varied as chip.KEY"),
        ([("level", "1 A:2 A:3")], UsageError, "level: '1 A' has the unit 'A', but a unit of V is needed"),
        ([("level", "3:4")], UsageError, "^level: values are written first:last:count, as 1 V:3 V:5, or with commas"),
        ([("level", "1 V:2 V")], UsageError, "with commas; '1 V:2 V' is neither$"),
        ([("chip.start.conductance", "3 uS:4 uS")], UsageError, "conductance: values are written first:last:count"),
        ([("level", "1 V:2 V:0")], UsageError, "a sweep has 1 to 1000000 values of a key, not 0"),
        ([("level", "1 V:10 V:3")], UsageError, "10 V is above its maximum 9 V"),
        ([("level", "1 V,,2 V")], UsageError, "one of the values in '1 V,,2 V' is empty"),
        ([("count", "1:2:3")], UsageError, "1.5 is not a whole number"),
        ([("source", "A,Z")], FileError, "step.1.source: the chip has no terminal 'Z'; it has A, B"),
        ([("level", "1 V"), ("level", "2 V")], UsageError, "level is varied twice"),
        ([("chip.start.conductance", "1 uS:2:3")], UsageError, "all values need the same unit, which '1 uS:2:3' lacks"),
        ([("chip.model.parameters.kp0", "3e-4/s:8e-4/s:3")], UsageError, "'3e-4/s' has a unit that is not known here"),
        ([("chip.start.conductance", "1 uS, 1e400 S")], UsageError, "'1e400 S' has a unit .* or is too large"),
        ([("chip.start.conductance", "a:b:3")], UsageError, "all values need the same unit"),
        ([("chip.start.conductance", "1 V")], FileError, r"stochastic-2025\.toml:\d+: start.conductance: '1\.0 V' has"),
        ([("chip.model.parameters.kpo", "1 1/s")], FileError, "unknown key .did you mean 'kp0'"),
        ([("chip.modle.parameters.kp0", "1 1/s")], FileError, "unknown key .did you mean 'model'"),
        ([("chip.model.law.kp0", "1 1/s")], FileError, "'model.law' is no table to write 'kp0' into"),
        ([("chip.name.a.b", "1 1/s")], FileError, "there is no table 'name.a' to write 'b' into"),
        ([("chip.", "1")], FileError, "no table to write '' into"),
        ([(KP0, "1e-4 1/s:-1e-4 1/s:3")], FileError, "model.parameters"),
        ([("chip.seed", "-1")], FileError, "a seed is a whole number of at least 0"),
    ],
)
def test_a_mistake_is_told_before_anything_is_played(
    protocol: str, vary: list[tuple[str, str]], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        order(protocol, *vary)


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({"seeds": 0}, "at least 1, not 0"),
        ({"seed": -1}, "a seed is a whole number of at least 0, not -1"),
        ({"seeds": 10**8}, "this makes 100,000,000 points"),
    ],
)
def test_numbers_that_make_no_sweep(protocol: str, more: dict[str, int], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        order(protocol, **more)
    with pytest.raises(UsageError, match=r"chip\.seed names the seeds, --seeds draws them"):
        order(protocol, ("chip.seed", "1,2"), seeds=2)
    with pytest.raises(UsageError, match="one chip is named twice"):
        order(protocol, chips=("stochastic-2025", "stochastic-2025"))
    with pytest.raises(UsageError, match="level is set and varied at once"):
        ask(protocol, ("stochastic-2025",), {"level": "1 V"}, [("level", "1 V,2 V")])


SIZES = ("chip.model.jumps.smallest", "chip.model.jumps.largest")


def test_terminals_are_an_axis_on_a_chip_that_has_not_those_of_the_protocol(protocol: str) -> None:
    text = PROTOCOL.replace('sink = "B"', 'sink = "9"')
    Path(protocol).write_text(text, encoding="utf-8")
    asked = order(protocol, ("level", "1 V,2 V"), ("source", "1,2"), chips=["nw16"])
    assert [asked.point(number).values for number in range(4)] == [(1.0, "1"), (1.0, "2"), (2.0, "1"), (2.0, "2")]
    with pytest.raises(FileError, match=r"step\.1\.source: the chip has no terminal 'A'; it has 1, 2") as raised:
        order(protocol, ("level", "1 V,2 V"), chips=["nw16"])
    assert raised.value.__notes__ == ["that is with --vary level at 1.0 V"]
    with pytest.raises(FileError, match="the chip has no terminal 'Z'") as raised:
        order(protocol, ("level", "1 V,2 V"), ("source", "1,Z"), chips=["nw16"])
    assert raised.value.__notes__ == ["that is with --vary level at 1.0 V, source at Z"]


@pytest.mark.parametrize(
    ("texts", "refused"),
    [
        (("0.02,0.03", "0.05,0.06"), ()),  # none of them goes with what the file says of the other
        (("0.02,0.03,0.06", "0.05,0.07"), (4,)),  # a corner of the grid cannot be
        (("0.06,0.02", "0.05,0.07"), (0,)),  # and here it is the first point
    ],
)
def test_values_that_go_together_are_no_mistake(
    protocol: str, texts: tuple[str, str], refused: tuple[int, ...]
) -> None:
    asked = order(protocol, *zip(SIZES, texts, strict=True))
    rows = play_batch(asked.words(), tuple(range(asked.points))).rows
    assert tuple(row["point"] for row in rows if row["status"] == "refused") == refused
    assert all("jump sizes need 0 < smallest" in rows[number]["reason"] for number in refused)
    assert {row["status"] for row in rows} <= {"played", "refused"}


def test_values_that_go_with_nothing_are_told_with_what_stood_beside_them(protocol: str) -> None:
    with pytest.raises(FileError, match="jump sizes need") as raised:
        order(protocol, *zip(SIZES, ("0.02,0.08", "0.05,0.07"), strict=True))
    assert raised.value.__notes__ == [f"that is with --vary {SIZES[0]} at 0.08, {SIZES[1]} at 0.05"]


def test_points_are_the_product_the_last_fastest(protocol: str) -> None:
    asked = order(
        protocol, ("level", "1 V,2 V"), ("count", "1,2,3"), chips=("stochastic-2025", "resistor-10k"), seeds=2
    )
    assert (asked.shape, asked.points) == ((2, 2, 3, 2), 24)
    points = [asked.point(number) for number in range(24)]
    assert [point.values for point in points[:8:2]] == [(1.0, 1), (1.0, 2), (1.0, 3), (2.0, 1)]
    assert [point.repetition for point in points[:3]] == [0, 1, 0]
    assert [point.chip for point in points] == [0] * 12 + [1] * 12
    assert order_from(asked.words()) == asked


def test_seeds_are_spawned_by_the_number_of_the_point(protocol: str) -> None:
    asked = order(protocol, seeds=200, seed=7)
    seeds = [asked.point(number).seed for number in range(200)]
    children = np.random.SeedSequence(7).spawn(200)
    assert seeds == [int(child.generate_state(1, np.uint64)[0]) >> 16 for child in children]
    assert len(set(seeds)) == 200
    assert order(protocol, seeds=3, seed=8).point(0).seed != seeds[0]
    assert order(protocol).seed == 15, "the chip's own"
    assert order(protocol, ("chip.seed", "4,5")).point(1).seed is None, "the axis says it"
