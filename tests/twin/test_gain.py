"""The twin with a constant gain: Kalman's at rest, honest about its errors, and worse than the one that knows jumps."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.linalg import solve_discrete_are
from twin.records import LAW, SPAN, START, STEP_SD, VOLT, Record, record

from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.analysis.rate_balance.tables import tables
from nwlab.core.events import BlockArrived
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.gain import GainTwin, gain, noise_of
from nwlab.twin.held import Held, block_of
from nwlab.twin.port import Port
from nwlab.twin.scalar import Foretold, ScalarTwin, Twin

READ_NOISE = STEP_SD


def steps_of(found: Record) -> Steps:
    (block,) = (event for event in found.events(10**9) if isinstance(event, BlockArrived))
    return Held(LAW).steps(block_of(found.drive, 0, block.reading, Port(0), 1e-3))


def followed(twin: Twin, found: Record) -> Foretold:
    return twin.follow(steps_of(found))


@pytest.fixture(scope="module")
def found() -> Record:
    return record([(LAW, 10_000)], seed=31, read_noise=READ_NOISE)


def test_the_gain_is_that_of_riccatis_equation(found: Record) -> None:
    """Solved by somebody else, for another form of the problem: state and reading noise without covariance."""
    law = tables(steps_of(found), FilmLaw(LAW, VOLT * READ_NOISE).world(np.array([VOLT] * 30_000)))
    noise = noise_of(law)
    b, h, q, s, u = law.move[5, 1], law.move[5, 3], noise.state[5], noise.both[5], noise.reading[5]
    free = b - s * h / u
    (variance,) = solve_discrete_are([[free]], [[h]], [[(q - s * s / u) / u]], [[1.0]])[0] * u
    assert gain(law.move, noise)[5] == pytest.approx((b * h * variance + s) / (h * h * variance + u), rel=1e-9)


def test_it_says_how_far_off_it_is(found: Record) -> None:
    told = followed(GainTwin(LAW, START, VOLT * READ_NOISE), found)
    assert np.mean(told.z**2) == pytest.approx(1.0, abs=0.15)
    assert np.isnan(told.jump).all()
    assert np.mean(np.abs(told.z) > 3) > 0.005  # jumps are no normal noise: that is what the Gaussian sum is for


def test_it_lies_between_no_correction_and_the_sum_that_knows_jumps(found: Record) -> None:
    off, constant, knowing = (
        np.sqrt(np.mean((followed(twin, found).mean - found.truth) ** 2))
        for twin in (
            ScalarTwin(LAW, START, VOLT * READ_NOISE, corrects=False),
            GainTwin(LAW, START, VOLT * READ_NOISE),
            ScalarTwin(LAW, START, VOLT * READ_NOISE),
        )
    )
    assert knowing < constant < 0.5 * off


def test_a_lost_film_is_found_and_a_gap_is_bridged(found: Record) -> None:
    twin = GainTwin(LAW, START, VOLT * READ_NOISE)
    twin.lose()
    current = found.reading.current.copy()
    current[100:300] = np.nan
    told = followed(twin, replace(found, reading=replace(found.reading, current=current)))
    assert told.sd[0] > 0.5 * SPAN
    assert np.abs(told.mean[20:100] - found.truth[20:100]).max() < 60 * STEP_SD
    assert np.isnan(told.z[100:300]).all()
    assert told.sd[299] > 2 * told.sd[99]
    assert np.abs(told.z[305:400]).max() < 20


def test_it_rests_where_nothing_is_left_of_the_state() -> None:
    """After hours at 0 V the film is where it always comes to."""
    calm = replace(LAW, jumps=None)
    twin, held = GainTwin(calm, START), Held(LAW)
    found = record([(calm, 3)], seed=1, read_noise=0.0)
    for start in (0.0, 1e5):
        reading = replace(found.reading, start=start)
        told = twin.follow(held.steps(block_of(found.drive, 0, reading, Port(0), 1e-3)))
    assert np.isfinite(told.mean).all()
    assert told.mean[0] < 0.5 * START
