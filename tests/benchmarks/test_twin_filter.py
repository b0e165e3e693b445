"""How near the twin's Gaussian sum comes to ten thousand particles, how fast; and a twin beside a run at 1 kHz."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from twin.records import LAW, SPAN, START, STEP_SD, VOLT, record

from nwlab.core.drive import FloatArray
from nwlab.core.events import BlockArrived
from nwlab.model.paths import path
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.held import Block, Held, block_of
from nwlab.twin.leaning import Leaning
from nwlab.twin.port import Port
from nwlab.twin.reidentify import changes
from nwlab.twin.scalar import ScalarTwin
from nwlab.twin.watch import READINGS, Watch
from nwlab.twin.window import Place, Window, samples_of

PACER = Path(__file__).with_name("pacer.py")
SAMPLES, DWELL, PARTICLES = 4000, 0.63, 10_000
PAIRS, SECONDS = 8, 8.0


class Particles:
    """A bootstrap filter (Gordon, Salmond, Smith, IEE Proc. F 140 (1993) 107) of the same law, read in an instant."""

    def __init__(self, law: RateBalance, state: float, sd: float, read: float) -> None:
        self._law, self._random = law, np.random.default_rng(3)
        self._state, self._read = np.full(PARTICLES, state) + sd * self._random.standard_normal(PARTICLES), read

    def step(self, duration: float, reading: float) -> float:
        """Return the mean state after a reading."""
        self._move(duration)
        off = (reading - self._state) / self._read
        weight = np.exp(-0.5 * (off**2 - np.min(off**2)))
        weight /= weight.sum()
        mean = float(weight @ self._state)
        # Systematic resampling.
        places = (np.arange(PARTICLES) + self._random.random()) / PARTICLES
        chosen = np.searchsorted(np.cumsum(weight), places)
        self._state = self._state[np.minimum(chosen, PARTICLES - 1)]
        return mean

    def _move(self, duration: float) -> None:
        law, random, jumps = self._law, self._random, self._law.jumps
        assert jumps
        theta, goal = float(law.rate(VOLT)), float(law.attractor(VOLT))
        count = random.poisson(jumps.rate * duration, PARTICLES)
        leap = np.zeros(PARTICLES)
        for more in range(1, int(count.max()) + 1):
            struck = np.flatnonzero(count >= more)
            up = 0.5 + (goal - self._state[struck]) / (2 * (1 + 2 * jumps.largest))
            sign = np.where(random.random(struck.size) < up, 1.0, -1.0)
            left = np.exp(-theta * duration * random.random(struck.size))
            leap[struck] += sign * jumps.sizes(random.random(struck.size)) * left
        noise = law.noise * np.sqrt(-np.expm1(-2 * theta * duration) / (2 * theta))
        kick = noise * random.standard_normal(PARTICLES)
        self._state = goal + np.exp(-theta * duration) * (self._state - goal) + kick + leap


def instants(reading: FloatArray) -> Block:
    """Readings that take no time, at the end of each sample."""
    onset = DWELL * np.arange(reading.size)
    end = onset + DWELL
    return Block(onset, end, end, end, np.full(reading.size, VOLT), reading, [None] * reading.size)


def timed(act: Callable[[], object]) -> float:
    since = time.process_time()
    act()
    return time.process_time() - since


def test_the_sum_is_as_good_as_ten_thousand_particles_and_far_quicker() -> None:
    rng, read = np.random.default_rng(8), STEP_SD
    start = float(LAW.attractor(VOLT))
    state = path(LAW, start, VOLT, DWELL, rng, SAMPLES)
    truth = np.asarray(LAW.conductance(state))
    reading = truth + read * rng.standard_normal(SAMPLES)
    particles = Particles(LAW, start, 5 * STEP_SD / SPAN, read / SPAN)
    seen = np.asarray(LAW.state(reading))
    theirs = np.zeros(SAMPLES)

    def follow_with_particles() -> None:
        theirs[:] = [particles.step(DWELL, each) for each in seen.tolist()]

    slow = timed(follow_with_particles)
    twin, held = ScalarTwin(LAW, float(LAW.conductance(start)), VOLT * read), Held(LAW)
    blocks = [held.steps(_part(instants(reading), k)) for k in range(SAMPLES)]
    twin.follow(blocks[0])  # compiles
    ours = np.array([twin.conductance, *(_conductance(twin, each) for each in blocks[1:])])
    whole = Held(LAW).steps(instants(reading))
    fresh = ScalarTwin(LAW, float(LAW.conductance(start)), VOLT * read)
    quick = min(timed(lambda: fresh.follow(whole)) for _ in range(3))
    own, other = (np.sqrt(np.mean((each - truth) ** 2)) / read for each in (ours, np.asarray(LAW.conductance(theirs))))
    print(
        f"\n{SAMPLES} readings, read noise of one step: rmse {own:.4f} of the reading's own, {other:.4f} for "
        f"{PARTICLES} particles, ratio {own / other:.4f} (at most 1.02); {1e6 * quick / SAMPLES:.1f} and "
        f"{1e6 * slow / SAMPLES:.0f} µs of processor a reading, {slow / quick:.0f} times as fast (at least 10)"
    )
    assert own <= 1.02 * other
    assert slow >= 10 * quick


def _part(block: Block, k: int) -> Block:
    names = ("onset", "end", "begin", "over", "voltage", "conductance", "sources")
    return Block(*(getattr(block, name)[k : k + 1] for name in names))


def _conductance(twin: ScalarTwin, steps: object) -> float:
    twin.follow(steps)  # type: ignore[arg-type]
    return twin.conductance


def test_it_keeps_up_with_1_khz() -> None:
    """Everything that the twin's process does for a sample but reading it from the record and sending it back."""
    for block in (1, 20, 500):
        samples = 4000 if block == 1 else 20_000
        film = FilmLaw(LAW, VOLT * STEP_SD)
        twin, leaning = ScalarTwin(LAW, START, VOLT * STEP_SD), Leaning(film, FileErrors(LAW, {}))
        companion = Companion(twin, Alarms(), Watch(film, 2e4), leaning=leaning)
        events = list(record([(LAW, samples)], seed=5, dwell=1e-3).events(block))
        for event in events[:2]:
            list(companion(event))
        spent = timed(lambda events=events, companion=companion: [list(companion(event)) for event in events[2:]])
        share = spent / ((samples - block) * 1e-3)
        print(
            f"\nblocks of {block}: {1e6 * spent / (samples - block):.0f} µs of processor a sample, "
            f"{100 * share:.0f} % of real time at 1 kHz on one core"
        )
        assert share < 1.0


def test_a_window_is_looked_at_quickly() -> None:
    """A change takes longest: what seems to have changed is held at the file's value, and the rest fitted once more."""
    film = FilmLaw(LAW, VOLT * 0.3 * STEP_SD)
    for name, law in (("unchanged", LAW), ("θ doubled", replace(LAW, kp0=2 * LAW.kp0, kd0=2 * LAW.kd0))):
        found, window = record([(law, READINGS)], seed=6), Window(film)
        (block,) = (event for event in found.events(READINGS) if isinstance(event, BlockArrived))
        steps = Held(LAW).steps(block_of(found.drive, 0, block.reading, Port(0), 1e-3))
        for k, (held, rates) in enumerate(zip(*samples_of(steps, film), strict=True)):
            window.add(held, rates, float(steps.reading[k]), Place(0, k))
        look = partial(changes, window.steps(), film, FileErrors(LAW, {}), 2.5)
        look()  # compiles
        spent = timed(look)
        print(f"\n{READINGS} readings, {name}, are looked at in {spent:.2f} s of processor")
        assert spent < 3.0


def late(folder: Path, twin: str = "") -> FloatArray:
    """Play and return by how much each sample was late, s."""
    folder.mkdir()
    words = [sys.executable, str(PACER), str(folder), str(SECONDS)]
    subprocess.run([*words, twin] if twin else words, check=True)
    return np.load(folder / "late.npy")[0]


def share_followed(folder: Path) -> float:
    """Return of which part of the samples the record says what the twin expected."""
    lines = map(json.loads, (folder / "journal.jsonl").read_text("utf-8").splitlines())
    return sum(line["steps"] for line in lines if line["event"] == "expected") / (SECONDS * 1e3)


def test_a_twin_does_not_delay_an_acquisition(tmp_path: Path) -> None:
    found: dict[str, list[FloatArray]] = {"without": [], "with": []}
    for pair in range(PAIRS):
        for kind in ("without", "with") if pair % 2 == 0 else ("with", "without"):
            found[kind].append(late(tmp_path / f"{pair}{kind}", "stochastic-2025" if kind == "with" else ""))
    followed = [share_followed(tmp_path / f"{pair}with") for pair in range(PAIRS)]
    told = ", ".join(f"{100 * each:.0f}" for each in followed)
    print(f"\n% of the samples followed by the end of each run; less where the computer is busy: {told}")
    assert min(followed) > 0.0  # it must have been at work
    print(f"1 kHz for {SECONDS:g} s, {PAIRS} interleaved pairs: ms late, median of the runs (their quartiles)")
    for share in (50, 90, 99):
        values = {kind: 1e3 * np.array([np.percentile(each, share) for each in runs]) for kind, runs in found.items()}
        told = {
            kind: "{1:.3f} ({0:.3f} to {2:.3f})".format(*np.percentile(each, [25, 50, 75]))
            for kind, each in values.items()
        }
        low, middle, high = np.percentile(values["with"] - values["without"], [25, 50, 75])
        print(
            f"  p{share}: without a twin {told['without']}, with one {told['with']}; "
            f"difference {middle:+.3f} ({low:+.3f} to {high:+.3f})"
        )
        spread = max(np.subtract(*np.percentile(each, [75, 25])) for each in values.values())
        assert share == 99 or middle < max(spread, 0.2)
