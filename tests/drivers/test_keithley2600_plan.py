"""What a 2600B can play, and what it refuses with what would do."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nwlab.core.drive import Quantity
from nwlab.core.errors import DriveError
from nwlab.drivers.keithley2600_plan import OVERHEAD, Planner
from nwlab.drivers.keithley2600_ranges import MODELS, settling
from nwlab.drivers.roles import Plan, Program

V, I = Quantity.VOLTAGE, Quantity.CURRENT  # noqa: E741


def program(
    levels: list[float], quantity: Quantity = V, compliance: float = 1e-4, span: float | None = None, channel: str = "a"
) -> Program:
    return Program(channel, quantity, np.array(levels), compliance, span)


def plan(
    *programs: Program, dwell: float | list[float] = 0.1, delay: float | list[float] | None = None, model: str = "2636B"
) -> Plan:
    steps = programs[0].levels.size
    return Planner(model, MODELS[model], 50.0).plan(
        np.broadcast_to(dwell, steps).astype(float),
        None if delay is None else np.broadcast_to(delay, steps).astype(float),
        programs,
        hold=False,
    )


def test_settle_then_read_for_the_rest_in_whole_cycles() -> None:
    made = plan(program([0.1, 0.2]), dwell=0.1)
    assert made.read_delay == pytest.approx(150e-6)  # of the 100 µA range
    assert made.aperture == pytest.approx(0.08)  # four cycles of 50 Hz fit, five do not
    assert made.programs[0].range == 1e-4


def test_short_steps_are_read_for_a_fraction_of_a_cycle() -> None:
    made = plan(program([0.1]), dwell=1e-3)
    assert made.aperture == pytest.approx(1e-3 - 150e-6 - OVERHEAD, abs=0.001 / 50)


def test_long_steps_are_read_for_25_cycles() -> None:
    assert plan(program([0.1]), dwell=10.0).aperture == pytest.approx(0.5)


def test_small_currents_settle_late() -> None:
    assert plan(program([0.1], compliance=1e-7), dwell=0.1).read_delay[0] == pytest.approx(15e-3)
    with pytest.raises(DriveError, match=r"dwell of 10 ms is too short.*15 ms until the reading.*read delay"):
        plan(program([0.1], compliance=1e-7), dwell=0.01)


@given(st.floats(2e-4, 50), st.floats(0, 0.9), st.floats(1e-9, 1e-1))
def test_every_plan_fits_into_its_dwell(dwell: float, part: float, compliance: float) -> None:
    dwell = round(dwell, 6)
    try:
        made = plan(program([0.0, 0.5], compliance=compliance), dwell=dwell, delay=part * dwell)
    except DriveError:
        return
    assert (made.read_delay + made.aperture + OVERHEAD <= made.dwell + 1e-9).all()
    assert made.dwell == pytest.approx(dwell, rel=1e-3)
    cycles = made.aperture * 50
    assert 0.001 * (1 - 1e-6) <= cycles <= 25


def test_the_smallest_range_that_holds_the_compliance() -> None:
    assert plan(program([0.1], compliance=1.0001e-6)).programs[0].range == 1e-5
    assert plan(program([0.1], compliance=1e-6)).programs[0].range == 1e-6
    assert plan(program([0.1], compliance=1e-6, span=2e-4)).programs[0].range == 1e-3
    assert plan(program([1e-6], quantity=I, compliance=1.5), dwell=0.2).programs[0].range == 2.0


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (program([0.1], compliance=5e-11), r"channel a of the 2636B: a compliance of 50 pA is outside 100 pA … 1.5 A"),
        (program([0.1], compliance=2.0), r"compliance of 2 A is outside"),
        (program([50.0], compliance=0.2), r"200 mA is outside 100 pA … 100 mA, which the 200 V range"),
        (program([250.0]), r"250 V is beyond the highest range of 200 V"),
        (program([1e-3], quantity=I, compliance=0.01), r"10 mV is outside 20 mV"),
        (program([1.2], quantity=I, compliance=30.0), r"30 V is outside 20 mV … 20 V"),
        (program([0.1], compliance=1e-4, span=1e-5), r"range of 10 uA cannot read up to the compliance of 100 uA"),
    ],
)
def test_beyond_the_instrument(asked: Program, told: str) -> None:
    with pytest.raises(DriveError, match=told):
        plan(asked)


def test_models_differ() -> None:
    with pytest.raises(DriveError, match=r"1 nA is outside 10 nA"):
        plan(program([0.1], compliance=1e-9), model="2612B")
    with pytest.raises(DriveError, match=r"2 A is outside 10 nA … 1 A"):
        plan(program([10.0], compliance=2.0), model="2602B")
    assert plan(program([5.0], compliance=2.0), model="2602B").programs[0].range == 3.0
    with pytest.raises(DriveError, match=r"channels b were asked for.*2635B has a"):
        plan(program([0.1], channel="b"), model="2635B")


def test_ticks() -> None:
    assert plan(program([0.1]), dwell=0.0123456784).dwell[0] == pytest.approx(0.012346, abs=1e-12)
    with pytest.raises(DriveError, match=r"200\.4 us is no whole number"):
        plan(program([0.1]), dwell=200.4e-6)


def test_too_many_steps() -> None:
    with pytest.raises(DriveError, match=r"60001 steps.*60000.*2 drives"):
        plan(program([0.0] * 60001))


def test_delays_that_vary_must_not_be_too_short() -> None:
    made = plan(program([0.1, 0.2]), delay=[0.0, 0.01])
    assert made.read_delay == pytest.approx([8e-6, 0.01])
    with pytest.raises(DriveError, match="on average"):
        plan(program([0.1, 0.2]), delay=[0.0, 2e-5])


def test_a_voltmeter_does_not_wait_for_the_lowest_range() -> None:
    planner = Planner("2636B", MODELS["2636B"], 50.0)
    meter = program([0.0, 0.0], quantity=I, compliance=1.0)
    made = plan(meter, dwell=0.1)
    assert made.read_delay[0] == pytest.approx(15e-3)
    assert settling(planner.source_range(meter, float(made.read_delay.min()))) <= made.read_delay.min()
    assert plan(meter, dwell=0.003).read_delay[0] == pytest.approx(500e-6)


def test_two_channels_settle_with_the_slower_one() -> None:
    made = plan(program([0.1]), program([0.2], compliance=1e-6, channel="b"))
    assert made.read_delay[0] == pytest.approx(2.5e-3)
    with pytest.raises(DriveError, match="once each"):
        plan(program([0.1]), program([0.1]))
