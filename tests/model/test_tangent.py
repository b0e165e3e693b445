"""Derivatives of whole plays against differences of them, and the plays against the film's own."""

from __future__ import annotations

import math

import numpy as np
import pytest
from model.films import body_of, random_body
from numpy.typing import NDArray

from nwlab.core.errors import UsageError
from nwlab.model.body import Body
from nwlab.model.held import HeldFilm
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.laws.rate_balance import RateBalanceJunctions
from nwlab.model.network_film import NetworkFilm
from nwlab.model.rate_balance import RateBalance
from nwlab.model.tangent import population
from nwlab.model.tangent.columns import COLUMNS, rates_of
from nwlab.model.tangent.network import NetworkTangent

Floats = NDArray[np.float64]

VALUES = np.array([math.log(4e-3), math.log(9e-3), 4.0, 1.5, 0.2, 0.5, 0.7, 0.3, 1e-3, 5e-3])
LEVEL, DURATION = np.array([3.0, 0.05, -2.0]), np.array([40.0, 60.0, 25.0])
STEPS = 24


def _body() -> Body:
    body = random_body(30, 45, 2, seed=3)
    pairs = [(int(one), int(two)) for one, two in body.edges]
    return body_of(2, 30, pairs, np.array([82.0, 40.0]))


def _normals(junctions: int) -> Floats:
    return np.random.default_rng(5).standard_normal((3, junctions))


def _differences(play: object, value: Floats) -> Floats:
    found = np.empty((value.size, COLUMNS))
    for column in range(COLUMNS):
        nudge = np.zeros(COLUMNS)
        nudge[column] = 1e-5 * max(abs(VALUES[column]), 1e-3)
        up, down = play(VALUES + nudge), play(VALUES - nudge)  # type: ignore[operator]
        found[:, column] = (up - down) / (2 * nudge[column])
    return found


@pytest.mark.parametrize("is_legacy", [False, True], ids=["exact", "legacy"])
def test_derivatives_of_a_network(is_legacy: bool) -> None:
    body = _body()
    film = NetworkTangent(body, (0, 1), _normals(body.junctions))
    pieces = film.pieces(rates_of(VALUES), LEVEL, DURATION, tolerance=1e-2, bend=2e-2)
    level, length = pieces.level, pieces.length
    value, slope = film.play(rates_of(VALUES), level, length, is_legacy=is_legacy)
    differences = _differences(lambda values: film.play(rates_of(values), level, length, is_legacy=is_legacy)[0], value)
    np.testing.assert_allclose(slope, differences, rtol=1e-6, atol=1e-7 * np.abs(differences).max(axis=0).min())
    assert (np.abs(differences).max(axis=0) > 0).all()


@pytest.mark.parametrize("is_legacy", [False, True], ids=["exact", "legacy"])
def test_derivatives_of_a_population(is_legacy: bool) -> None:
    normals, length = _normals(20), np.full(STEPS, 3.0)
    level = np.repeat(LEVEL, STEPS // 3)
    value, slope = population.play(rates_of(VALUES), normals, level, length, is_legacy=is_legacy)
    differences = _differences(
        lambda values: population.play(rates_of(values), normals, level, length, is_legacy=is_legacy)[0], value
    )
    np.testing.assert_allclose(slope, differences, rtol=1e-6, atol=1e-7 * np.abs(differences).max(axis=0).min())
    assert (np.abs(differences).max(axis=0) > 0).all()


def test_a_network_is_the_film_that_the_model_plays() -> None:
    """The film cuts time by its own, finer rule."""
    body = _body()
    normals = _normals(body.junctions)
    film = NetworkTangent(body, (0, 1), normals)
    rates = rates_of(VALUES)
    pieces = film.pieces(rates, LEVEL, DURATION, tolerance=1e-3, bend=1e-2)
    value, _ = film.play(rates, pieces.level, pieces.length)
    law = RateBalance(rates.kp0, rates.kd0, rates.eta_p, rates.eta_d, rates.g_min, rates.g_min + rates.g_span)
    factors = np.exp(np.array([rates.spread_p, rates.spread_d, rates.spread_g])[:, np.newaxis] * normals)
    played = NetworkFilm(body, JunctionLaw(RateBalanceJunctions(law), factors), float(law.conductance(rates.start)))
    held = HeldFilm(played, (0, 1))
    steps = np.stack([pieces.level, np.zeros(pieces.level.size)], axis=1)
    aperture = 1e-3 * pieces.length
    current = held.play(steps, pieces.length, pieces.length - aperture)[:, 0]
    np.testing.assert_allclose(current / pieces.level, value[1:], rtol=5e-4)
    assert np.ptp(value) > 0.2 * value.mean()


def test_pieces_fill_the_stages_and_grow_finer_with_the_tolerance() -> None:
    body = _body()
    film = NetworkTangent(body, (0, 1), _normals(body.junctions))
    coarse, fine = (
        film.pieces(rates_of(VALUES), LEVEL, DURATION, tolerance=tolerance, bend=3 * tolerance)
        for tolerance in (1e-2, 1e-3)
    )
    for pieces in (coarse, fine):
        sums = np.add.reduceat(pieces.length, pieces.first[:-1])
        np.testing.assert_allclose(sums, DURATION, rtol=1e-12)
        np.testing.assert_array_equal(pieces.level[pieces.first[:-1]], LEVEL)
    assert fine.length.size > 1.5 * coarse.length.size


def test_one_junction_in_a_population_is_exact_for_any_cut() -> None:
    law = RateBalance(2e-3, 5e-3, 1.2, 0.4, 1e-3, 6e-3)
    values = np.array([math.log(law.kp0), math.log(law.kd0), 1.2, 0.4, 0.3, 0.0, 0.0, 0.0, law.g_min, 5e-3])
    whole, _ = population.play(rates_of(values), np.zeros((3, 1)), np.array([2.5]), np.array([80.0]))
    cut, _ = population.play(rates_of(values), np.zeros((3, 1)), np.full(7, 2.5), np.full(7, 80.0 / 7))
    end = float(law.conductance(law.relax(0.3, 2.5, 80.0)))
    assert whole[-1] == pytest.approx(end, rel=1e-12)
    assert cut[-1] == pytest.approx(end, rel=1e-12)


def test_terminals_that_nothing_joins() -> None:
    body = body_of(3, 4, [(0, 1), (2, 3)])
    with pytest.raises(UsageError, match="no path joins"):
        NetworkTangent(body, (0, 2), np.zeros((3, 2)))
