"""The published grid-graph codes, replayed: against an independent dense reference, and against published numbers."""

from __future__ import annotations

import math
import random
from pathlib import Path

import numpy as np
import pytest
from model.published import CONNECTOME, GRID_PATTERNS, GRID_PULSE
from numpy.typing import NDArray

from nwlab.core.drive import Quantity
from nwlab.model.body import Body
from nwlab.model.chip_file import load_chip
from nwlab.model.chips.network import NetworkChip
from nwlab.model.film import Circuit, Source
from nwlab.model.held import hold
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.laws.law import Parameters
from nwlab.model.laws.rate_balance import LegacyJunctions, RateBalanceJunctions
from nwlab.model.network_film import NetworkFilm
from nwlab.model.networks.grid import Grid
from nwlab.model.networks.pads import Pad, attach
from nwlab.model.rate_balance import RateBalance

CHIPS = Path(__file__).parents[2] / "instruments" / "chips"
READ_RESISTOR = 82.0
NORTH, EAST, SOUTH, WEST = 228, 388, 212, 52


def _film(parameters: Parameters, nodes: list[int], resistance: float, start: float) -> NetworkFilm:
    grid = Grid(21, 21, "random", spacing=1e-6, seed=2).network()
    mounted = attach(grid, [Pad(str(node), (0.0, 0.0), 0.0, (node,)) for node in nodes])
    body = Body(
        len(nodes),
        mounted.nodes,
        mounted.junctions,
        mounted.segments,
        mounted.segment_conductance,
        np.full(len(nodes), resistance),
    )
    return NetworkFilm(body, JunctionLaw.uniform(parameters, body.junctions), start)


def _edges() -> NDArray[np.int64]:
    """The published rule, written down anew."""
    rng, pairs = random.Random(2), []
    for x in range(21):
        for y in range(21):
            if x < 20:
                pairs.append((21 * x + y, 21 * (x + 1) + y))
            if y < 20:
                pairs.append((21 * x + y, 21 * x + y + 1))
    for x in range(20):
        for y in range(20):
            here, right, up, both = 21 * x + y, 21 * (x + 1) + y, 21 * x + y + 1, 21 * (x + 1) + y + 1
            pairs.append((here, both) if rng.randint(0, 1) == 0 else (right, up))
    return np.array(pairs)


def _dense(law: RateBalance, levels: NDArray[np.float64], dt: float, source: int, ground: int) -> NDArray[np.float64]:
    """Currents of the published iteration: solve, then g ← g̃ + (1 − g̃)·g·e^(−θ·Δt) with the voltages just found."""
    edges = _edges()
    incidence = np.zeros((len(edges), 441))
    incidence[np.arange(len(edges)), edges[:, 0]], incidence[np.arange(len(edges)), edges[:, 1]] = 1, -1
    state, inside = np.zeros(len(edges)), [node for node in range(441) if node not in (source, ground)]
    currents = []
    for level in levels:
        conductance = law.g_min * (1 - state) + law.g_max * state
        laplacian = incidence.T @ (conductance[:, None] * incidence)
        potential = np.zeros(441)
        potential[source] = level
        potential[inside] = np.linalg.solve(laplacian[np.ix_(inside, inside)], -laplacian[inside, source] * level)
        currents.append(laplacian[source] @ potential)
        drop = np.abs(incidence @ potential)
        up, down = law.kp0 * np.exp(law.eta_p * drop), law.kd0 * np.exp(-law.eta_d * drop)
        goal = up / (up + down)
        state = goal + (1 - goal) * state * np.exp(-(up + down) * dt)
    return np.array(currents)


@pytest.mark.parametrize("law", [GRID_PULSE, GRID_PATTERNS], ids=["figure 2", "figures 3 to 5"])
def test_potentiation_agrees_with_an_independent_dense_reference(law: RateBalance) -> None:
    levels = np.concatenate([[0.01], np.full(60, 2.0), np.full(30, 0.01)])
    dt = 0.0511
    film = _film(LegacyJunctions(law), [31, 409], 0.0, law.g_min)
    ours = []
    for level in levels:
        circuit = Circuit(
            3,
            2,
            (Source(0, 2, Quantity.VOLTAGE, float(level), math.inf), Source(1, 2, Quantity.VOLTAGE, 0.0, math.inf)),
        )
        ours.append(film.advance(circuit, dt).current[0])
    expected = _dense(law, levels, dt, 31, 409)
    np.testing.assert_allclose(ours, expected, rtol=1e-9)
    assert expected[60] / levels[60] > 1.01 * expected[1] / levels[1]

    compiled = _film(LegacyJunctions(law), [31, 409], 0.0, law.g_min)
    held = hold(compiled, (0, 1), np.stack([levels, 0 * levels], axis=1), np.full(len(levels), dt))
    np.testing.assert_allclose(held[:, 0], expected, rtol=1e-7)


PATTERNS = {
    "diagonal": np.eye(4),
    "anti-diagonal": np.fliplr(np.eye(4)),
    "horizontal": np.outer([0, 0, 1, 0], np.ones(4)),
    "vertical": np.outer(np.ones(4), [0, 0, 1, 0]),
}
SAMPLES = {"t0": 1, "t1": 45, "t2": 89, "t3": 133, "t4": 197}
PRINTED = {
    ("diagonal", "legacy", "t0"): (4.476, 2.715, 4.251),
    ("diagonal", "legacy", "t1"): (6.947, 3.117, 4.442),
    ("diagonal", "legacy", "t2"): (6.049, 3.475, 4.531),
    ("diagonal", "legacy", "t3"): (5.639, 3.276, 5.869),
    ("diagonal", "legacy", "t4"): (6.494, 3.523, 6.201),
    ("diagonal", "exact", "t0"): (4.476, 2.715, 4.251),
    ("diagonal", "exact", "t1"): (5.804, 2.698, 4.202),
    ("diagonal", "exact", "t2"): (5.334, 3.115, 4.195),
    ("diagonal", "exact", "t3"): (5.085, 2.873, 5.057),
    ("diagonal", "exact", "t4"): (5.599, 3.202, 5.492),
    ("anti-diagonal", "legacy", "t0"): (4.476, 2.715, 4.251),
    ("anti-diagonal", "legacy", "t4"): (6.367, 3.301, 5.107),
    ("anti-diagonal", "exact", "t4"): (5.580, 2.973, 4.832),
    ("horizontal", "legacy", "t0"): (4.476, 2.715, 4.251),
    ("horizontal", "legacy", "t4"): (4.759, 3.031, 5.893),
    ("horizontal", "exact", "t4"): (4.428, 2.747, 5.118),
    ("vertical", "legacy", "t0"): (4.476, 2.715, 4.251),
    ("vertical", "legacy", "t1"): (4.476, 2.715, 4.251),
    ("vertical", "legacy", "t4"): (4.476, 2.715, 4.251),
    ("vertical", "exact", "t4"): (4.476, 2.715, 4.251),
}


def _outputs(pattern: str, form: str) -> NDArray[np.float64]:
    """Pad voltages N, E, S in mV at every sample: rows of the pattern go to pads N, E, S, W, columns to slots."""
    sample = np.arange(199)
    slot, within = sample // 44, sample % 44
    is_pulse = (slot < 4) & (within >= 2) & (within < 42)
    levels = 5.0 * PATTERNS[pattern].T[np.minimum(slot, 3)] * is_pulse[:, np.newaxis]
    levels[:, 3] += 0.1
    parameters = (LegacyJunctions if form == "legacy" else RateBalanceJunctions)(GRID_PATTERNS)
    film = _film(parameters, [NORTH, EAST, SOUTH, WEST], READ_RESISTOR, GRID_PATTERNS.g_min)
    currents = hold(film, (0, 1, 2, 3), levels, np.full(199, 250e-6), single=True)
    return 1e3 * (levels - READ_RESISTOR * currents)[:, :3]


@pytest.mark.parametrize("form", ["legacy", "exact"])
@pytest.mark.parametrize("pattern", PATTERNS)
def test_outputs_of_the_four_patterns_to_their_printed_digits(pattern: str, form: str) -> None:
    outputs = _outputs(pattern, form)
    found = {key[2]: outputs[SAMPLES[key[2]]] for key in PRINTED if key[:2] == (pattern, form)}
    assert found
    for time, values in found.items():
        np.testing.assert_allclose(values, PRINTED[pattern, form, time], atol=5.1e-4, err_msg=time)


CONNECTOME_STEPS = [0, 1, 2, 5, 10, 20, 90]
CONNECTOME_CONDUCTANCE = {
    "legacy": [1.86481e-3, 1.90238e-3, 0.0808397, 0.171092, 0.171347, 0.137274, 0.026437],
    "exact": [1.86481e-3, 1.86574e-3, 0.0183358, 0.152154, 0.153406, 0.122713, 0.0230783],
}


@pytest.mark.parametrize("form", ["legacy", "exact"])
def test_the_published_connectome_to_its_printed_digits(form: str) -> None:
    """0.01 V at the start, ten steps of 50 ms at 10 V, eighty at 0.01 V; conductance between the two wires, S."""
    matter = load_chip(CHIPS / "connectome.toml").matter
    assert isinstance(matter, NetworkChip)
    parameters = (LegacyJunctions if form == "legacy" else RateBalanceJunctions)(CONNECTOME)
    film = NetworkFilm(matter.body, JunctionLaw.uniform(parameters, matter.body.junctions), CONNECTOME.g_min)
    levels = np.concatenate([[0.01], np.full(10, 10.0), np.full(80, 0.01)])
    current = hold(film, (0, 1), np.stack([levels, 0 * levels], axis=1), np.full(91, 0.05), single=True)[:, 0]
    found = (current / levels)[CONNECTOME_STEPS]
    np.testing.assert_allclose(found, CONNECTOME_CONDUCTANCE[form], rtol=5e-6)
