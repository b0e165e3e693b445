"""Networks against their peers, on one thread: `pytest tests/benchmarks/test_network_speed.py -s`.

A step is a solution of Kirchhoff's laws to 1e-8 and an exact step of every junction, between two terminals, under a
pulse train. The best peer is nns.c (Baldini; C, UMFPACK); its figures were measured on a machine of this kind and are
printed as ratios together with this machine's time for a dense LU, by which they can be scaled. mnns runs in the same
run, in an environment of its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest
from benchmarks.mnns_peer import PeerGraph, mnns_steps_per_second
from model.films import NO_EDGES
from model.published import CONNECTOME
from numpy.typing import NDArray
from scipy.linalg import lu_factor

from nwlab.model.body import Body
from nwlab.model.held import HeldFilm
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.laws.rate_balance import RateBalanceJunctions
from nwlab.model.network_film import NetworkFilm
from nwlab.model.networks.statistics import parts
from nwlab.model.networks.wires import RandomWires
from nwlab.model.rate_balance import RateBalance

DWELL = 0.05
Levels = NDArray[np.float64]


class Case(NamedTuple):
    """A network, the pulse that suits it, and what the best peer reaches."""

    wires: int
    mean_length: float  # m
    length_sd: float  # m
    side: float  # m
    pulse: float  # V
    peer: float  # steps/s
    ratio: float  # that nwlab must reach
    seed: int = 1


def _usual(wires: int, peer: float, ratio: float, density: float = 14.7, seed: int = 1) -> Case:
    side = (wires / density) ** 0.5
    return Case(wires, 1e-5, 0.35e-5, side * 1e-5, 0.85 * side, peer, ratio, seed)


CASES = {
    "100": _usual(100, 12_240, 9.5, density=13.5, seed=42),
    "500": _usual(500, 882, 15, seed=14),
    "2000": _usual(2000, 185, 13),
    "10000": _usual(10_000, 32.5, 9),
    "connectome": Case(1500, 40e-6, 14e-6, 500e-6, 10.0, 354, 22, 40),
    "dense": _usual(2000, 57, 7, density=60.0),
}


def graph(case: Case) -> PeerGraph:
    """The largest part of a network, between its leftmost and its rightmost wire."""
    network = RandomWires(case.wires, case.mean_length, case.length_sd, case.side, case.side, case.seed).network()
    part = parts(network)
    inside = part == np.bincount(part).argmax()
    number = np.cumsum(inside) - 1
    edges = number[network.junctions[inside[network.junctions[:, 0]]]].astype(np.int32)
    x = network.position[inside, 0]
    return PeerGraph(int(inside.sum()), edges, int(x.argmin()), int(x.argmax()))


def body(peer: PeerGraph, others: int = 0) -> Body:
    """The same as a film: source, sink, and some more terminals."""
    more = [node for node in range(peer.nodes) if node not in (peer.source, peer.sink)]
    order = [peer.source, peer.sink, *more]
    place = np.empty(peer.nodes, dtype=np.int32)
    place[order] = np.arange(peer.nodes, dtype=np.int32)
    count = 2 + others
    return Body(count, peer.nodes, place[peer.edges], NO_EDGES, np.zeros(0), np.zeros(count))


def film(of: Body, law: RateBalance = CONNECTOME, seed: int = 0) -> NetworkFilm:
    return NetworkFilm(of, JunctionLaw.uniform(RateBalanceJunctions(law), of.junctions), law.g_min, seed=seed)


def train(case: Case, steps: int) -> Levels:
    """Ten steps of pulse, ten of 0.1 V, and so on; the sink at 0 V."""
    high = np.where((np.arange(steps) // 10) % 2 == 0, case.pulse, 0.1)
    return np.stack([high, np.zeros(steps)], axis=1)


def seconds(of: Body, ports: tuple[int, ...], levels: Levels, law: RateBalance = CONNECTOME) -> list[float]:
    """Processor seconds of five plays from a fresh film; compiled before."""
    dwell, delay = np.full(len(levels), DWELL), np.zeros(len(levels))
    HeldFilm(film(of, law), ports).play(levels[:30], dwell[:30], delay[:30], single=True)
    times: list[float] = []
    for _ in range(5):
        held = HeldFilm(film(of, law), ports)
        start = time.process_time()
        held.play(levels, dwell, delay, single=True)
        times.append(time.process_time() - start)
    return times


@pytest.fixture(scope="module", autouse=True)
def _calibration() -> None:
    matrix, times = np.random.default_rng(0).random((1000, 1000)), []
    for _ in range(10):
        start = time.process_time()
        lu_factor(matrix)
        times.append(time.process_time() - start)
    print(f"\ndense LU, 1000 x 1000: {np.median(times) * 1e3:.1f} ms of processor (16.4 ms where nns.c was measured)")


@pytest.mark.parametrize("name", CASES)
def test_steps_against_the_peers(benchmark: Any, name: str) -> None:
    case = CASES[name]
    peer = graph(case)
    levels = train(case, 1000)
    of = body(peer)
    dwell, delay = np.full(1000, DWELL), np.zeros(1000)
    times = seconds(of, (0, 1), levels)
    benchmark.pedantic(
        lambda held: held.play(levels, dwell, delay, single=True),
        setup=lambda: ((HeldFilm(film(of), (0, 1)),), {}),
        rounds=3,
    )
    rate = 1000 / float(np.median(times))
    spread = f"{1000 / max(times):.0f} to {1000 / min(times):.0f}"
    steps = {"100": 300, "500": 150, "connectome": 60}.get(name, 12)
    pure = PeerGraph(peer.nodes, np.unique(np.sort(peer.edges, axis=1), axis=0), peer.source, peer.sink)
    other = mnns_steps_per_second(pure, levels[:, 0], DWELL, CONNECTOME, steps)
    beside = ""
    if other is not None:
        ours = HeldFilm(film(body(pure)), (0, 1)).play(levels[:steps], dwell[:steps], delay[:steps], single=True)
        np.testing.assert_allclose(ours[:, 0], other[1], rtol=1e-6)
        beside = f", {rate / other[0]:.0f} x mnns in this run"
    print(
        f"\n{peer.nodes} wires, {len(peer.edges)} junctions: {rate:.0f} steps/s ({spread}), "
        f"{rate / case.peer:.1f} x nns.c (wanted {case.ratio}){beside}"
    )


def test_open_terminals_cost_little() -> None:
    case = CASES["2000"]
    two, sixteen = body(graph(case)), body(graph(case), others=14)
    levels = train(case, 300)
    four = np.concatenate([levels, 0.5 * levels], axis=1)
    plain = float(np.median(seconds(two, (0, 1), levels)))
    open_ones = float(np.median(seconds(sixteen, (0, 1, 2, 3), four)))
    print(f"\n16 terminals, 12 of them open: {open_ones / plain:.2f} x the cost of two (at most 1.3 wanted)")


@pytest.mark.parametrize("name", ["500", "2000", "10000"])
def test_noise_on_every_junction(name: str) -> None:
    case = CASES[name]
    of, levels = body(graph(case)), train(case, 300)
    plain = float(np.median(seconds(of, (0, 1), levels)))
    noisy = float(np.median(seconds(of, (0, 1), levels, replace(CONNECTOME, noise=1e-3 / DWELL**0.5))))
    print(f"\nnoise of 1e-3 per step on every junction, {name} wires: {noisy / plain:.2f} x (at most 2 wanted)")


def test_an_ensemble_on_two_threads() -> None:
    case = CASES["500"]
    of, levels = body(graph(case)), train(case, 400)
    dwell = np.full(400, DWELL)

    def play(seed: int) -> float:
        held = HeldFilm(film(of, seed=seed), (0, 1))
        return float(held.play(levels, dwell, np.zeros(400), single=True)[-1, 0])

    play(0)
    times = {}
    for workers in (1, 2):
        with ThreadPoolExecutor(workers) as pool:
            start = time.perf_counter()
            list(pool.map(play, range(100)))
            times[workers] = time.perf_counter() - start
    print(f"\n100 chips of 500 wires: {times[1] / times[2]:.2f} x on two threads (1.8 wanted); {times[1]:.2f} s on one")


@pytest.mark.parametrize("wires", [10_000, 100_000])
def test_memory_and_size(wires: int) -> None:
    """In a process of its own: imports, the network, and some steps."""
    code = f"""
import time
from benchmarks.test_network_speed import *
from benchmarks.test_network_speed import _usual
from peak import peak
case = _usual({wires}, 1, 1)
begin = time.perf_counter()
of = body(graph(case))
held = HeldFilm(film(of), (0, 1))
built = time.perf_counter() - begin
levels = train(case, 40)
start = time.process_time()
held.play(levels, np.full(40, DWELL), np.zeros(40), single=True)
rate = 40 / (time.process_time() - start)
size = f"{{of.nodes}} wires, {{of.junctions}} junctions"
print(f"{{size}}: built in {{built:.1f}} s, {{rate:.1f}} steps/s, peak {{peak():.0f}} MB")
"""
    tests = Path(__file__).parents[1]
    where = {**os.environ, "PYTHONPATH": os.pathsep.join([str(tests), str(tests.parent)])}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=where)
    print("\n" + done.stdout.strip())
