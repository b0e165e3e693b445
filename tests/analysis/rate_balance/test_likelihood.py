"""The likelihood against other ways to it, and its score against its own differences."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from analysis.rate_balance.records import CALM, LAW, SPAN, STEP, held, seen, step_sd

from nwlab.analysis.rate_balance.likelihood import evaluate
from nwlab.analysis.rate_balance.pieces import steps_of
from nwlab.analysis.rate_balance.world import Values, World
from nwlab.analysis.recording import Trace
from nwlab.core.drive import FloatArray

V = 3.6
UNIT = step_sd(V)


def make(numbers: Values, jumps: bool = True) -> World:
    rate = np.exp(numbers[0:1]) * float(LAW.rate(V))
    goal = float(LAW.conductance(LAW.attractor(V))) + UNIT * numbers[1:2]
    diffusion, read = (LAW.noise * SPAN) ** 2 * np.exp(numbers[2]), UNIT**2 * numbers[3:4]
    law = LAW.jumps
    assert law
    size = law.smallest * SPAN * np.exp(numbers[6])
    rate_ = law.rate * np.exp(numbers[4]) if jumps else 0.0
    return World(rate, goal, diffusion, read, rate_, law.exponent + numbers[5], size, law.largest * SPAN)


def calm(numbers: Values) -> World:
    return make(np.concatenate([numbers, np.zeros(3)]), jumps=False)


def test_without_jumps_and_read_noise_it_is_the_normal_likelihood_of_each_step() -> None:
    trace = held(CALM, 500, 1)
    told = evaluate(steps_of([trace]), calm, np.array([0.1, 0.3, 0.0, 0.0]))
    rate = 1.1051709 * float(LAW.rate(V))
    b = np.exp(-rate * STEP)
    x = trace.conductance - float(LAW.conductance(LAW.attractor(V))) - 0.3 * UNIT
    variance = (LAW.noise * SPAN) ** 2 * (1 - b * b) / (2 * rate)
    off = x[1:] - b * x[:-1]
    exact = -0.5 * np.sum(np.log(2 * np.pi * variance) + off**2 / variance)
    assert told.log_likelihood == pytest.approx(float(exact), abs=1e-3)


def test_with_read_noise_it_is_the_density_of_all_readings_together() -> None:
    """A multivariate normal of the whole record, given the first reading; the filter knows none of its matrices."""
    trace = held(CALM, 120, 2, read=1.0)
    told = evaluate(steps_of([trace]), calm, np.array([0.0, 0.0, 0.0, 1.0]))
    rate = float(LAW.rate(V))
    x = trace.conductance - float(LAW.conductance(LAW.attractor(V)))
    times = trace.time - trace.time[0]
    # The state at the first reading is unknown: a normal so wide that its width no longer matters.
    wide = 1e6 * UNIT**2
    decay = np.exp(-rate * np.abs(times[:, None] - times[None]))
    stationary = (LAW.noise * SPAN) ** 2 / (2 * rate)
    sum_ = np.exp(-rate * (times[:, None] + times[None]))
    covariance = stationary * (decay - sum_) + wide * sum_ + UNIT**2 * np.eye(120)
    first = 0.5 * (np.log(2 * np.pi * (wide + UNIT**2)) + x[0] ** 2 / (wide + UNIT**2))
    _, log_det = np.linalg.slogdet(2 * np.pi * covariance)
    exact = -0.5 * (log_det + x @ np.linalg.solve(covariance, x)) + first
    assert told.log_likelihood == pytest.approx(float(exact), abs=0.01)


def test_readings_that_take_time_are_means_over_it() -> None:
    """Means of fine steps: at the truth the score is chance; read as moments, they show too little noise."""
    scores: list[FloatArray] = []
    blind: list[FloatArray] = []
    for seed in range(30):
        fine = held(CALM, 2000, seed, times=STEP / 20 * np.arange(1.0, 2001))
        means = fine.conductance.reshape(100, 20).mean(axis=1)
        time = fine.time.reshape(100, 20).mean(axis=1)
        trace = Trace(time - STEP / 2, time, np.full(100, 0.999 * STEP), np.full(100, V), means * V)
        scores.append(evaluate(steps_of([trace]), calm, np.zeros(4)).score)
        blind.append(evaluate(steps_of([seen(means, time, V)]), calm, np.zeros(4)).score)
    mean, error = np.mean(scores, axis=0), np.std(scores, axis=0) / np.sqrt(30)
    assert (np.abs(mean) < 3.5 * error)[:3].all()
    assert np.mean(blind, axis=0)[2] < -5 * error[2]


@pytest.mark.parametrize("read", [0.3, 1.0])
def test_the_score_is_the_slope_of_the_likelihood(read: float) -> None:
    steps = steps_of([held(LAW, 3000, 3, read=read)])
    here = np.array([0.1, 0.5, -0.1, read**2, 0.2, 0.1, -0.1])
    score = evaluate(steps, make, here).score
    for index, step in enumerate([0.05, 0.5, 0.05, 0.02, 0.1, 0.1, 0.05]):
        move = step * np.eye(7)[index]
        above, below = (evaluate(steps, make, here + sign * move).log_likelihood for sign in (1, -1))
        assert (above - below) / (2 * step) == pytest.approx(score[index], abs=0.08 * abs(score[index]) + 2.5)


def test_at_the_truth_the_score_is_nothing_but_chance() -> None:
    scores = [
        evaluate(steps_of([held(LAW, 3000, seed, read=0.5)]), make, np.array([0, 0, 0, 0.25, 0, 0, 0])).score
        for seed in range(30)
    ]
    mean, error = np.mean(scores, axis=0), np.std(scores, axis=0) / np.sqrt(30)
    assert (np.abs(mean) < 4.0 * error).all(), mean / error


@pytest.mark.parametrize("read", [0.3, 1.0])
def test_the_density_of_the_next_reading_adds_up_to_one(read: float) -> None:
    """What is lacking is what unlikely events would have added. 1e-5 of it bias σ from long records."""
    steps, here = steps_of([held(LAW, 40, 1, read=read)]), np.array([0.0, 0.0, 0.0, read**2, 0.0, 0.0, 0.0])
    part = {name: getattr(steps, name)[:-1] for name in ("time", "reading", "opens", "kind", "at")}
    before = evaluate(replace(steps, **part), make, here).log_likelihood
    grid = part["reading"][-1] + UNIT * np.linspace(-60.0, 60.0, 400)
    logs = [
        evaluate(replace(steps, reading=np.append(part["reading"], y)), make, here).log_likelihood
        for y in grid.tolist()
    ]
    whole = float(np.sum(np.exp(np.array(logs) - before))) * (grid[1] - grid[0])
    assert whole == pytest.approx(1.0, abs=1e-6)
