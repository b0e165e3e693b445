"""A witness is told what the chip bears around each change, and nobody pays for one who is not there."""

from __future__ import annotations

import pytest
from virtual.resistor_film import NotedFilm, ResistorFilm

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Quantity
from nwlab.core.wiring import COMMON, Grid, Wiring
from nwlab.virtual.port import Output
from nwlab.virtual.witness import Moment
from nwlab.virtual.world import World

GRID = Grid("m", {"A": "a.hi", "B": "a.lo", "H": COMMON}, {1: "A", 2: "B", 3: COMMON}, lead_resistance=1.0)
CLOSED = frozenset({("A", 1), ("B", 3), ("H", 2)})


@pytest.fixture
def film() -> NotedFilm:
    return NotedFilm(ResistorFilm(2, (0, 1, 997.0)))


@pytest.fixture
def world(film: NotedFilm) -> World:
    return World(film, Wiring(("A", "B"), (GRID,)), VirtualClock())


def volts(level: float) -> Output:
    return Output(Quantity.VOLTAGE, level, 1.0)


def test_potentials_and_currents_before_and_after_a_level(world: World) -> None:
    moments: list[Moment] = []
    world.set_crosspoints("m", CLOSED)
    world.force("a", volts(0.0))
    world.watch(moments.append)
    world.wait(2)
    world.force("a", volts(1.0))
    before, after = moments
    assert (before.time, before.change, before.after, after.after) == (2.0, "channel a", False, True)
    assert (before.potentials, before.currents, dict(before.moving)) == ({"A": 0, "B": 0}, {"a": 0}, {})
    assert after.currents["a"] == pytest.approx(1e-3, rel=1e-4)
    assert after.potentials == pytest.approx({"A": 0.998, "B": 1e-3}, rel=1e-2)
    assert after.through == pytest.approx({"A": 1e-3, "B": -1e-3}, rel=1e-4)


def test_what_flows_through_a_terminal_is_the_sum_of_all_that_leads_there() -> None:
    """Two sources of 1 V and 2 V, each over 1 kOhm, meet in C, which is tied to common: Kirchhoff's currents."""
    grid = Grid("m", {"A": "a.hi", "B": "b.hi", "H": COMMON}, {1: "A", 2: "B", 3: "C"}, lead_resistance=1.0)
    wiring = Wiring(("A", "B", "C"), (grid,), (("a.lo", COMMON), ("b.lo", COMMON)))
    world = World(ResistorFilm(3, (0, 2, 1e3), (1, 2, 1e3)), wiring, VirtualClock())
    world.set_crosspoints("m", frozenset({("A", 1), ("B", 2), ("H", 3)}))
    moments: list[Moment] = []
    world.watch(moments.append)
    world.force("a", volts(1.0))
    world.force("b", volts(2.0))
    assert moments[-1].through == pytest.approx({"A": 1e-3, "B": 2e-3, "C": -3e-3}, rel=5e-3)
    assert sum(moments[-1].through.values()) == pytest.approx(0, abs=1e-12)


def test_the_voltage_across_what_moves(world: World) -> None:
    moments: list[Moment] = []
    world.set_crosspoints("m", CLOSED)
    world.force("a", volts(1.0))
    world.watch(moments.append)
    world.set_crosspoints("m", CLOSED - {("H", 2)})
    world.set_crosspoints("m", CLOSED)
    opens, opened, closes, closed = [moment.moving for moment in moments]
    assert {*opens, *opened, *closes, *closed} == {("H", 2)}
    assert abs(opens["H", 2]) == pytest.approx(1e-3, rel=1e-2)
    assert abs(opened["H", 2]) == abs(closes["H", 2]) == pytest.approx(1.0)
    assert abs(closed["H", 2]) == pytest.approx(1e-3, rel=1e-2)


def test_a_cold_relay_has_nothing_across_it(world: World) -> None:
    moments: list[Moment] = []
    world.force("a", volts(0.0))
    world.watch(moments.append)
    world.set_crosspoints("m", CLOSED)
    world.set_crosspoints("m", frozenset())
    assert len(moments) == 4
    assert all(abs(across) < 1e-9 for moment in moments for across in moment.moving.values())


def test_what_changes_nothing_is_not_told_and_a_dismissed_witness_hears_no_more(world: World) -> None:
    moments: list[Moment] = []
    world.watch(moments.append)
    world.force("a", volts(1.0))
    world.force("a", volts(1.0))
    assert len(moments) == 2
    world.watch(None)
    world.force("a", volts(2.0))
    assert len(moments) == 2


def test_nothing_is_worked_out_without_a_witness(world: World, film: NotedFilm) -> None:
    world.force("a", volts(1.0))
    world.set_crosspoints("m", CLOSED)
    assert film.played == []
