"""Kirchhoff's laws and the order of time, seen from the instruments' side."""

from __future__ import annotations

import threading

import pytest
from virtual.resistor_film import NotedFilm, ResistorFilm

from nwlab.core.clock import SystemClock, VirtualClock
from nwlab.core.drive import Quantity
from nwlab.core.wiring import COMMON, Grid, Wiring
from nwlab.virtual.port import Output, PortMean
from nwlab.virtual.world import World

WIRED = Wiring(("A", "B"), wires=(("a.hi", "A"), ("a.lo", COMMON), ("b.hi", "B"), ("b.lo", COMMON)))
GRID = Grid("m", {"A": "a.hi", "B": "a.lo", "C": "a.shi", "D": "a.slo", "H": COMMON}, {1: "A", 2: "B", 3: "C"})


def volts(level: float, *, remote: bool = False) -> Output:
    return Output(Quantity.VOLTAGE, level, 1.0, remote)


def amps(level: float, *, remote: bool = False) -> Output:
    return Output(Quantity.CURRENT, level, 10.0, remote)


def chip(wiring: Wiring = WIRED, *resistors: tuple[int, int, float]) -> World:
    film = ResistorFilm(len(wiring.terminals), *(resistors or ((0, 1, 10e3),)))
    return World(film, wiring, VirtualClock())


def switched(lead: float = 0.0) -> World:
    grid = Grid(GRID.name, GRID.rows, GRID.columns, lead_resistance=lead)
    return chip(Wiring(("A", "B", "C"), (grid,)), (0, 1, 1e3), (1, 2, 3e3))


def read(world: World, channel: str = "a", aperture: float = 0.02) -> PortMean:
    integral = world.begin(channel)
    world.wait(aperture)
    return integral.end()


def closed(*names: str) -> frozenset[tuple[str, int]]:
    return frozenset((name[0], int(name[1:])) for name in names)


def test_a_resistor_chip_draws_v_over_r() -> None:
    world = chip()
    world.force("a", volts(2.0))
    world.force("b", volts(0.5))
    assert read(world).current == pytest.approx(1.5 / 10e3, rel=1e-6)


def test_currents_of_two_sources_sum_to_zero() -> None:
    world = chip()
    world.force("a", volts(0.3))
    world.force("b", volts(-0.7))
    a, b = world.begin("a"), world.begin("b")
    world.wait(0.1)
    assert a.end().current == pytest.approx(-b.end().current, rel=1e-9)


def test_current_flows_only_through_closed_crosspoints() -> None:
    world = switched()
    world.force("a", volts(1.0))
    assert abs(read(world).current) < 1e-12
    world.set_crosspoints("m", closed("A1", "B2"))
    assert read(world).current == pytest.approx(1e-3, rel=1e-4)
    world.set_crosspoints("m", closed("A1", "B3"))
    assert read(world).current == pytest.approx(0.25e-3, rel=1e-4)
    world.set_crosspoints("m", closed("A1"))
    assert abs(read(world).current) < 1e-12


def test_a_row_joins_columns_even_with_nothing_on_it() -> None:
    world = switched()
    world.force("a", volts(1.0))
    world.set_crosspoints("m", closed("A1", "B3", "G1", "G2"))
    assert read(world).current == pytest.approx(1 / 3e3, rel=1e-4)


def test_common_is_a_row_like_any_other() -> None:
    wiring = Wiring(("A", "B", "C"), (GRID,), (("x.hi", "A"), ("x.lo", COMMON)))
    world = chip(wiring, (0, 1, 1e3), (1, 2, 3e3))
    world.force("x", volts(1.0))
    world.set_crosspoints("m", closed("H2"))
    assert read(world, "x").current == pytest.approx(1e-3, rel=1e-4)


def test_zero_amperes_read_a_divider_as_a_voltmeter() -> None:
    wires = (("a.hi", "A"), ("a.lo", COMMON), ("v.hi", "B"), ("v.lo", COMMON), ("g.hi", "C"), ("g.lo", COMMON))
    world = chip(Wiring(("A", "B", "C"), wires=wires), (0, 1, 1e3), (1, 2, 3e3))
    world.force("a", volts(2.0))
    world.force("g", volts(0.0))
    world.force("v", amps(0.0))
    reading = read(world, "v")
    assert reading.voltage == pytest.approx(1.5, rel=1e-5)
    assert reading.current == 0


def test_leads_are_seen_with_two_wires_and_not_with_four() -> None:
    world = switched(lead=50.0)
    world.set_crosspoints("m", closed("A1", "B2", "C1", "D2"))
    world.force("a", amps(1e-4))
    two = read(world)
    world.force("a", amps(1e-4, remote=True))
    four = read(world)
    assert two.voltage / two.current == pytest.approx(1100, rel=1e-4)
    assert four.voltage / four.current == pytest.approx(1000, rel=1e-6)


def test_an_unconnected_sense_end_falls_back_to_the_force_end() -> None:
    world = switched(lead=50.0)
    world.set_crosspoints("m", closed("A1", "B2", "C1"))
    world.force("a", amps(1e-4, remote=True))
    assert read(world).voltage == pytest.approx(0.105, rel=1e-4)


def test_an_integral_over_a_step_is_the_time_weighted_mean() -> None:
    world = chip()
    world.force("b", volts(0.0))
    world.force("a", volts(1.0))
    integral = world.begin("a")
    world.wait(0.3)
    world.force("a", volts(5.0))
    world.wait(0.1)
    mean = integral.end()
    assert mean.voltage == pytest.approx(2.0)
    assert mean.current == pytest.approx(2.0 / 10e3, rel=1e-6)
    world.wait(1.0)
    assert integral.end() == mean


def test_an_integral_over_no_time_is_the_present_value() -> None:
    world = chip()
    world.force("a", volts(1.0))
    world.wait(1.0)
    world.force("a", volts(3.0))
    assert world.begin("a").end().voltage == pytest.approx(3.0)


def test_a_limited_source_says_so() -> None:
    world = chip()
    world.force("a", Output(Quantity.VOLTAGE, 5.0, 1e-5))
    world.force("b", volts(0.0))
    reading = read(world)
    assert reading.in_compliance
    assert reading.current == pytest.approx(1e-5)
    assert not read(world, "b").in_compliance


def test_a_disconnected_channel_reads_the_voltage_and_draws_nothing() -> None:
    world = chip()
    world.force("a", volts(1.0))
    reading = read(world, "b")
    assert reading.voltage == pytest.approx(1.0, rel=1e-4)
    assert reading.current == 0


def test_appointments_run_in_order_each_at_its_time() -> None:
    world, seen = chip(), list[tuple[str, float]]()
    world.at(2.0, lambda: seen.append(("late", world.now())))
    world.at(1.0, lambda: seen.append(("early", world.now())))
    world.at(1.0, lambda: seen.append(("early too", world.now())))
    world.at(1.5, lambda: seen.append(("never", world.now()))).cancel()
    world.wait(1.9)
    assert seen == [("early", 1.0), ("early too", 1.0)]
    world.wait(0.1)
    assert seen[2:] == [("late", 2.0)]


def test_appointments_make_appointments() -> None:
    world, seen = chip(), list[float]()

    def tick() -> None:
        seen.append(world.now())
        if len(seen) < 100:
            world.at(world.now() + 0.1, tick)

    world.at(0.1, tick)
    world.wait(20.0)
    assert seen == pytest.approx([0.1 * k for k in range(1, 101)])
    assert world.now() == 20.0


def test_an_appointment_changes_the_level_at_exactly_its_time() -> None:
    world = chip()
    world.force("a", volts(1.0))
    integral = world.begin("a")
    world.at(0.25, lambda: world.force("a", volts(3.0)))
    world.wait(1.0)
    assert integral.end().voltage == pytest.approx(0.25 * 1 + 0.75 * 3)


def test_an_action_may_wait_and_what_falls_due_meanwhile_runs() -> None:
    world, seen = chip(), list[tuple[str, float]]()

    def slow() -> None:
        world.wait(1.0)
        seen.append(("slow", world.now()))

    world.at(1.0, slow)
    world.at(1.5, lambda: seen.append(("between", world.now())))
    world.wait(1.2)
    assert seen == [("between", 1.5), ("slow", 2.0)]
    assert world.now() == 2.0


def test_a_past_appointment_runs_next() -> None:
    world, seen = chip(), list[float]()
    world.wait(5.0)
    world.at(1.0, lambda: seen.append(world.now()))
    assert world.now() == 5.0
    assert seen == [5.0]


def test_the_clock_may_be_moved_by_someone_else() -> None:
    clock = VirtualClock()
    world, seen = World(ResistorFilm(2, (0, 1, 10e3)), WIRED, clock), list[float]()
    world.at(1.0, lambda: seen.append(world.now()))
    clock.sleep(3.0)
    assert world.now() == 3.0
    assert seen == [1.0]


def test_alternating_levels_meet_the_same_circuits_again() -> None:
    film = NotedFilm(ResistorFilm(2, (0, 1, 10e3)))
    world = World(film, WIRED, VirtualClock())
    for level in (1.0, 2.0, 1.0, 2.0):
        world.force("a", volts(level))
        read(world)
    assert len({id(circuit) for circuit, _ in film.played}) == 2


def test_physics_is_played_once_per_measurement_and_gap() -> None:
    film = NotedFilm(ResistorFilm(2, (0, 1, 10e3)))
    world = World(film, WIRED, VirtualClock())
    world.force("a", volts(1.0))
    for _ in range(10):
        world.wait(0.5)
        world.wait(0.5)
        read(world, aperture=0.25)
    assert [duration for _, duration in film.played] == [1.0, 0.25] * 10


def test_waiting_lets_others_act_however_deep_the_lock_is_held() -> None:
    world = World(ResistorFilm(2, (0, 1, 10e3)), WIRED, SystemClock())
    entered, acted = threading.Event(), threading.Event()

    def other() -> None:
        entered.wait(5)
        with world.lock:
            acted.set()

    thread = threading.Thread(target=other)
    thread.start()
    with world.lock, world.lock:
        entered.set()
        for _ in range(500):
            world.wait(0.01)
            if acted.is_set():
                break
        assert acted.is_set()
        held = threading.Thread(target=world.now)
        held.start()
        held.join(0.02)
        assert held.is_alive()
    thread.join(5)
    held.join(5)
    assert not held.is_alive()


def test_a_scaled_clock_shortens_waiting() -> None:
    world = World(ResistorFilm(2, (0, 1, 10e3)), WIRED, SystemClock(speed=1000))
    before = world.now()
    world.wait(20.0)
    assert 20.0 <= world.now() - before < 2000
