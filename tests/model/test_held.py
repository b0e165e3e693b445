from __future__ import annotations

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from model.films import body_of, living_film, random_body
from model.published import CONNECTOME

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import UsageError
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading, join
from nwlab.model.film import Circuit, Source
from nwlab.model.held import HeldFilm, hold
from nwlab.model.held_drive import held_drive
from nwlab.model.model_chip import ModelChip
from nwlab.model.network_film import NetworkFilm

V, A = Quantity.VOLTAGE, Quantity.CURRENT
NOISY = replace(CONNECTOME, noise=5e-3)
NAMES = ("A", "B", "C", "D", "E", "F")


def _pulses(steps: int, low: float = 0.2, high: float = 4.0) -> np.ndarray:
    return np.where((np.arange(steps) // 10) % 2 == 0, high, low)


def _network(terminals: int = 2, seed: int = 1, **more: object) -> NetworkFilm:
    return living_film(random_body(40, 60, terminals, seed=8), seed=seed, **more)  # type: ignore[arg-type]


def _chip(film: NetworkFilm, block: int = 10_000) -> ModelChip:
    return ModelChip(film, NAMES[: film.terminals], Limits(10.0, 10.0), block=block)


def _volts(terminal: int, levels: np.ndarray, low: int | None = None, compliance: float = 10.0) -> Force:
    return Force(terminal, V, levels, compliance, low=low)


def test_compiled_and_careful_play_agree() -> None:
    levels, dwell = _pulses(60), np.full(60, 0.02)
    quick, careful = _network(), _network()
    currents = hold(quick, (0, 1), np.stack([levels, 0 * levels], axis=1), dwell)
    for level, current in zip(levels, currents, strict=True):
        circuit = Circuit(3, 2, (Source(0, 2, V, float(level), math.inf), Source(1, 2, V, 0.0, math.inf)))
        mean = careful.advance(circuit, 0.02)
        np.testing.assert_allclose(mean.current, current, rtol=3e-4)
    np.testing.assert_allclose(quick.state, careful.state, atol=1e-4)
    np.testing.assert_allclose(quick.ledger.energy, careful.ledger.energy, rtol=1e-3, atol=1e-12)
    np.testing.assert_allclose(quick.ledger.charge, careful.ledger.charge, rtol=1e-3)
    np.testing.assert_allclose(currents.sum(axis=1), 0, atol=1e-7 * np.abs(currents).max())


@pytest.mark.parametrize("law", [CONNECTOME, NOISY], ids=["quiet", "noisy"])
def test_blocks_change_nothing(law: object) -> None:
    def play(block: int) -> Reading:
        film = living_film(random_body(40, 60, 2, seed=8), law, seed=5)  # type: ignore[arg-type]
        force = _volts(0, _pulses(200), low=1)
        return join(_chip(film, block).apply(Drive(np.full(200, 0.02), (force,))))

    whole, cut = play(1000), play(7)
    np.testing.assert_allclose(cut.current, whole.current, rtol=1e-6)


def test_same_seed_same_numbers_on_any_number_of_threads() -> None:
    def play(seed: int) -> np.ndarray:
        film = living_film(random_body(40, 60, 2, seed=8), NOISY, seed=seed)
        levels = np.stack([_pulses(100), np.zeros(100)], axis=1)
        return hold(film, (0, 1), levels, np.full(100, 0.02))

    one_by_one = [play(seed) for seed in range(6)]
    with ThreadPoolExecutor(3) as pool:
        side_by_side = list(pool.map(play, range(6)))
    np.testing.assert_array_equal(one_by_one, side_by_side)
    assert not np.array_equal(one_by_one[0], one_by_one[1])


def test_one_step_per_level_is_what_published_codes_do() -> None:
    film, levels = _network(), _pulses(30)
    currents = hold(film, (0, 1), np.stack([levels, 0 * levels], axis=1), np.full(30, 0.02), single=True)
    again = _network()
    for level, current in zip(levels, currents, strict=True):
        held = np.array([level, 0.0])
        drops = again.body.drops(again.potentials(held))
        assert again.matrix() @ held == pytest.approx(current, rel=1e-6)
        again.state = again.law.step(again.state, drops, 0.02)
    np.testing.assert_allclose(film.state, again.state, atol=1e-7)


def test_a_single_junction_is_exact_for_any_step() -> None:
    film = living_film(body_of(2, 2, [(0, 1)]))
    levels, dwell = np.array([0.8, 0.3, -0.9, 0.0]), np.array([1.0, 0.01, 5.0, 0.4])
    hold(film, (0, 1), np.stack([levels, 0 * levels], axis=1), dwell)
    state = np.float64(0)
    for level, duration in zip(levels, dwell, strict=True):
        state = CONNECTOME.relax(state, level, duration)
    assert film.state[0, 0] == pytest.approx(float(state), abs=1e-12)


def test_voltmeters_and_ammeters() -> None:
    """Quick and careful play of a drive with sources, an ammeter, voltmeters, a ground."""
    levels = _pulses(20)
    forces = (
        _volts(0, levels),
        _volts(1, 0 * levels),
        Force(2, A, 0 * levels, 10.0),
        Force(3, A, 0 * levels, 10.0, low=4),
    )
    drive = Drive(np.full(20, 0.02), forces, ground=(5,), read_delay=np.full(20, 0.005))
    film = _network(6)
    assert held_drive(film, drive) is not None
    quick = join(_chip(film).apply(drive))
    capacitors = _network(6, capacitance=1e-18)
    assert held_drive(capacitors, drive) is None
    careful = join(_chip(capacitors).apply(drive))
    np.testing.assert_allclose(quick.voltage, careful.voltage, rtol=2e-3, atol=1e-4)
    np.testing.assert_allclose(quick.current, careful.current, rtol=2e-3, atol=1e-7)
    np.testing.assert_array_equal(quick.voltage[:, 0], levels)
    assert (quick.current[:, 2:] == 0).all()


def test_floating_sources() -> None:
    levels = _pulses(20)
    film = _network(4)
    drive = Drive(np.full(20, 0.02), (_volts(0, levels, low=1),))
    reading = join(_chip(film).apply(drive))
    grounded = join(_chip(_network(4)).apply(Drive(np.full(20, 0.02), (_volts(0, levels),), ground=(1,))))
    np.testing.assert_allclose(reading.current, grounded.current, rtol=1e-6)


@pytest.mark.parametrize(
    "forces",
    [
        (Force(0, A, np.full(3, 1e-3), 5.0),),
        (_volts(0, np.ones(3), low=1), _volts(2, np.ones(3), low=3)),
        (_volts(0, np.ones(3), low=1), _volts(1, np.ones(3), low=2), _volts(0 + 2, np.ones(3), low=0)),
        (_volts(0, np.ones(3), low=1), Force(2, A, np.zeros(3), 5.0)),
    ],
    ids=["a current", "two clusters", "a ring", "a voltmeter against a common that floats"],
)
def test_what_cannot_be_held_is_played_step_by_step(forces: tuple[Force, ...]) -> None:
    assert held_drive(_network(4), Drive(np.full(3, 0.1), forces)) is None


def test_a_limit_hands_over_to_the_careful_way_and_back() -> None:
    levels = _pulses(60, low=0.3, high=5.0)
    film, free = _network(), _network()
    limit = 0.6 * join(_chip(free).apply(Drive(np.full(60, 0.02), (_volts(0, levels, low=1),)))).current.max()
    reading = join(_chip(film).apply(Drive(np.full(60, 0.02), (_volts(0, levels, low=1, compliance=limit),))))
    acting = reading.in_compliance[:, 0]
    assert acting.any()
    assert not acting.all()
    assert reading.current.max() <= limit * (1 + 1e-9)
    np.testing.assert_array_equal(reading.voltage[~acting, 0], levels[~acting])
    assert (reading.voltage[acting, 0] <= levels[acting]).all()


def test_a_voltmeter_at_its_limit_takes_part() -> None:
    levels = np.full(5, 4.0)
    drive = Drive(np.full(5, 0.02), (_volts(0, levels), _volts(1, 0 * levels), Force(2, A, 0 * levels, 1e-3)))
    reading = join(_chip(_network(4)).apply(drive))
    assert reading.in_compliance[:, 2].all()
    np.testing.assert_allclose(reading.voltage[:, 2], 1e-3, rtol=1e-9)
    assert (reading.current[:, 2] < 0).all()


def test_only_what_compiled_code_can_play_is_held() -> None:
    with pytest.raises(UsageError, match="capacitors"):
        HeldFilm(_network(capacitance=1e-12), (0, 1))


def test_noise_of_many_equal_junctions_in_parallel() -> None:
    """n junctions side by side: n times the mean, √n times the spread of one; stationary spread σ/√(2θ)."""
    count, voltage = 400, 0.4
    film = living_film(body_of(2, 2, [(0, 1)] * count), NOISY, seed=3)
    film.state[0] = NOISY.attractor(voltage)
    currents = hold(film, (0, 1), np.tile([voltage, 0.0], (1500, 1)), np.full(1500, 20.0), single=True)
    conductance = currents[50:, 0] / voltage
    span = NOISY.g_max - NOISY.g_min
    assert conductance.mean() == pytest.approx(count * float(NOISY.conductance(NOISY.attractor(voltage))), rel=5e-3)
    expected = math.sqrt(count) * span * float(NOISY.stationary_sd(voltage))
    assert conductance.std() == pytest.approx(expected, rel=0.08)
