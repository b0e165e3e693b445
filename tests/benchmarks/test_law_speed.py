"""Speed of the rate-balance law on one thread: `pytest tests/benchmarks/test_law_speed.py -s`."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from model.published import JUMPS, STOCHASTIC

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.model.chip_file import load_chip
from nwlab.model.film import Circuit, Source
from nwlab.model.model_chip import ModelChip
from nwlab.model.paths import ensemble, path
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm

NOISY = replace(STOCHASTIC, noise=3.2e-4)
FULL = replace(NOISY, jumps=JUMPS)
LAWS = {"noise": NOISY, "noise and jumps": FULL}
STEP = 0.6295
CHIP = Path(__file__).parents[2] / "instruments" / "chips" / "stochastic-2025.toml"


def plain_path(law: RateBalance, voltages: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same exact steps, without jumps, in a plain loop over NumPy arrays."""
    rates, goals = law.rate(voltages), law.attractor(voltages)
    keep = np.exp(-rates * STEP)
    spread = law.noise * np.sqrt((1 - keep**2) / (2 * rates))
    normals = rng.standard_normal(voltages.size)
    states = np.empty(voltages.size)
    state = 0.17814
    for k in range(voltages.size):
        state = goals[k] + keep[k] * (state - goals[k]) + spread[k] * normals[k]
        states[k] = state
    return states


def plain_ensemble(law: RateBalance, paths: int, steps: int, rng: np.random.Generator) -> np.ndarray:
    """The same exact steps, without jumps, by NumPy over all paths at once."""
    rate, goal = float(law.rate(3.6)), float(law.attractor(3.6))
    keep = math.exp(-rate * STEP)
    spread = law.noise * math.sqrt((1 - keep**2) / (2 * rate))
    states = np.empty((steps, paths))
    state = np.full(paths, 0.17814)
    for k in range(steps):
        state = goal + keep * (state - goal) + spread * rng.standard_normal(paths)
        states[k] = state
    return states


def _seconds(call: Callable[[], Any]) -> float:
    times: list[float] = []
    for _ in range(3):
        start = time.perf_counter()
        call()
        times.append(time.perf_counter() - start)
    return min(times)


def _report(benchmark: Any, name: str, steps: int, ours: Callable[[], Any], plain_rate: float) -> None:
    ours()
    benchmark.pedantic(ours, rounds=5, iterations=1)
    rate = steps / benchmark.stats.stats.min
    benchmark.extra_info["million steps per s"] = rate / 1e6
    print(f"\n{name}: {rate / 1e6:.0f} million steps/s, {rate / plain_rate:.0f} times plain NumPy")


@pytest.fixture(scope="module")
def plain_loop() -> float:
    voltages = np.full(200_000, 3.6)
    return voltages.size / _seconds(lambda: plain_path(NOISY, voltages, np.random.default_rng(0)))


@pytest.fixture(scope="module")
def plain_arrays() -> float:
    return 2_000_000 / _seconds(lambda: plain_ensemble(NOISY, 10_000, 200, np.random.default_rng(0)))


@pytest.mark.parametrize("name", LAWS)
def test_one_path_at_constant_voltage(benchmark: Any, plain_loop: float, name: str) -> None:
    rng, steps = np.random.default_rng(1), 5_000_000
    _report(
        benchmark,
        f"one path, constant voltage, {name}",
        steps,
        lambda: path(LAWS[name], 0.17814, 3.6, STEP, rng, steps=steps),
        plain_loop,
    )


@pytest.mark.parametrize("name", LAWS)
def test_one_path_at_changing_voltage(benchmark: Any, plain_loop: float, name: str) -> None:
    rng, steps = np.random.default_rng(2), 5_000_000
    voltages = 3.6 + 0.2 * np.sin(0.01 * np.arange(steps))
    dwells = np.full(steps, STEP)
    _report(
        benchmark,
        f"one path, changing voltage, {name}",
        steps,
        lambda: path(LAWS[name], 0.17814, voltages, dwells, rng),
        plain_loop,
    )


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("paths", [100, 10_000])
def test_ensemble(benchmark: Any, plain_arrays: float, name: str, paths: int) -> None:
    rng, starts, steps = np.random.default_rng(3), np.full(paths, 0.17814), 5_000_000 // paths
    _report(
        benchmark,
        f"{paths} paths, {name}",
        steps * paths,
        lambda: ensemble(LAWS[name], starts, 3.6, STEP, rng, steps=steps),
        plain_arrays,
    )


def test_whole_chip(benchmark: Any, plain_loop: float) -> None:
    steps, chip = 1_000_000, load_chip(CHIP)
    model = ModelChip(chip.film(), chip.terminals, chip.limits)
    drive = Drive(
        np.full(steps, 1e-3),
        (Force(0, Quantity.VOLTAGE, np.full(steps, 3.6), 5e-4, low=1),),
        read_delay=np.full(steps, 5e-4),
    )

    def play() -> int:
        return sum(block.steps for block in model.apply(drive))

    _report(benchmark, "ModelChip, means of readings", steps, play, plain_loop)


@pytest.mark.parametrize("calls", [1, 3])
def test_one_advance(benchmark: Any, calls: int) -> None:
    """As a virtual bench asks: some advances under each new circuit."""
    film = TwoTerminalFilm(FULL, 1.23364e-5, seed=1)

    def sample() -> None:
        forced = Source(3, 2, Quantity.VOLTAGE, 3.6, 1e-3)
        tied = Source(4, 2, Quantity.VOLTAGE, 0.0, 1e-3)
        circuit = Circuit(5, 2, (forced, tied), ((3, 0, 1.0), (4, 1, 1.0)))
        for _ in range(calls):
            film.advance(circuit, 0.01)

    benchmark(sample)
    print(f"\none of {calls} advances under one circuit: {benchmark.stats.stats.median / calls * 1e6:.1f} µs")
