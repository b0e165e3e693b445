"""How an ensemble learns from readings: a stochastic ensemble Kalman filter in two steps.

Theory of operation
    First the readings that members foretell are corrected as an ensemble Kalman filter does it, each member towards the
    reading plus a draw of its noise (Burgers, van Leeuwen and Evensen, Mon. Weather Rev. 126 (1998) 1719). Then each
    member's correction is spread over its junctions by regression on the readings (Anderson, Mon. Weather Rev. 131
    (2003) 634), P·Hᵀ·(H·P·Hᵀ)⁻¹, scaled so that it makes just the corrected reading.

Localisation
    Every reading depends on all junctions, so that no distance tells which covariances of twenty members are chance.
    Correlations between states and a reading count by the part β that is not chance, β = 1 − Σvar(r)/Σ(r − ρ)² with
    weights of how much each state moves the reading (Schäfer and Strimmer, Stat. Appl. Genet. Mol. Biol. 4 (2005) 32).
    The rest is ρ, what they would be if every junction varied for itself: it follows from the slopes of the circuit,
    without chance. Correlations between readings likewise.

Inflation
    Each state's spread after a reading is taken back by the part `RELAXED` to what it was before (Whitaker and Hamill,
    Mon. Weather Rev. 140 (2012) 3078). That widens what was observed and leaves the rest; without it members soon agree
    about everything that they have not seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtr

from nwlab.core.drive import BoolArray, FloatArray

RELAXED = 0.75
"""Of what a reading takes from the spread of a state: what is given back."""

_SURE = 1e-6  # chances of a smaller reading are told apart down to this; 4.75 standard deviations
_SAME = 1e-6  # of the largest: readings that differ by less in how they depend on junctions are one


class Outlook(NamedTuple):
    """What an ensemble expects of readings."""

    mean: FloatArray  # (forces,)
    spread: FloatArray  # (forces, forces) covariance of the members' readings
    noise: FloatArray  # (forces, forces) covariance of meter noise

    @property
    def sd(self) -> FloatArray:
        """Standard deviation of each reading, (forces,)."""
        return np.sqrt(np.diag(self.spread + self.noise))

    def only(self, known: BoolArray) -> Outlook:
        """Return what is expected of some of the forces."""
        pair = np.ix_(known, known)
        return Outlook(self.mean[known], self.spread[pair], self.noise[pair])


@dataclass(frozen=True)
class Members:
    """An ensemble before a reading."""

    states: FloatArray  # (members, variables, junctions)
    slopes: FloatArray  # (forces, variables, junctions) how readings depend on a state
    foretold: FloatArray  # (members, forces) what each member would read

    def only(self, known: BoolArray) -> Members:
        """Return the same for some of the forces."""
        return Members(self.states, self.slopes[known], self.foretold[:, known])

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.states)

    @cached_property
    def off(self) -> FloatArray:
        """How far states are from their mean, (members, variables, junctions)."""
        return self.states - self.states.mean(axis=0)

    @cached_property
    def seen(self) -> FloatArray:
        """How far what is foretold is from its mean, (members, forces)."""
        return self.foretold - self.foretold.mean(axis=0)

    @cached_property
    def alone(self) -> FloatArray:
        """Covariances of states with readings, were junctions independent, (variables, junctions, forces)."""
        within = np.einsum("nuj,nvj->uvj", self.off, self.off) / (self.count - 1)
        return np.einsum("uvj,fvj->ujf", within, self.slopes)

    @cached_property
    def through(self) -> FloatArray:
        """Covariances of readings, were junctions independent, (forces, forces)."""
        return np.einsum("fuj,ujg->fg", self.slopes, self.alone)


def outlook(members: Members, noise: FloatArray) -> Outlook:
    """Return what is expected, given the covariance of meter noise (forces, forces)."""
    count, seen = members.count, members.seen
    sd = seen.std(axis=0, ddof=1)
    believed = _correlation(members.through)
    found = _correlation(seen.T @ seen)
    z = np.divide(seen, seen.std(axis=0), out=np.zeros_like(seen), where=sd > 0)
    kept = kept_part(z[:, :, np.newaxis] * z[:, np.newaxis, :], believed, 1.0 - np.eye(len(sd)))
    spread = sd * sd[:, np.newaxis] * (kept * found + (1.0 - kept) * believed)
    return Outlook(members.foretold.mean(axis=0), (1.0 + 1.0 / count) * spread, noise)


def residuals(expected: Outlook, reading: FloatArray, members: int) -> FloatArray:
    """Return residuals (forces,), each given those before it: standard normal where members and chip are alike.

    A variance that few members estimate makes residuals follow Student's distribution, as far as it does not come from
    the meter (Satterthwaite's degrees of freedom); they are mapped to the normal one.
    """
    factor = np.linalg.cholesky(expected.spread + expected.noise)
    off = np.linalg.solve(factor, reading - expected.mean)
    whole = np.diag(factor) ** 2
    estimated = np.maximum(whole - np.diag(expected.noise), 0.0) / whole
    freedom = np.minimum((members - 1) / np.maximum(estimated, 1e-6) ** 2, 1e9)
    return ndtri(np.clip(stdtr(freedom, off), _SURE, 1.0 - _SURE))


def corrected(members: Members, expected: Outlook, reading: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Return the states after a reading (forces,), (members, variables, junctions)."""
    seen = members.seen
    draws = rng.standard_normal(seen.shape) @ np.linalg.cholesky(expected.noise).T
    draws -= draws.mean(axis=0)
    part = np.linalg.solve(expected.spread + expected.noise, expected.spread)
    steps = (reading + draws - members.foretold) @ part
    states = members.states + np.einsum("ujf,nf->nuj", _spread(members), steps)
    mean = states.mean(axis=0)
    before, after = members.off.std(axis=0), states.std(axis=0)
    kept = RELAXED * np.divide(before, after, out=np.ones_like(after), where=after > 0) + 1.0 - RELAXED
    return mean + kept * (states - mean)


def _spread(members: Members) -> FloatArray:
    """Return how states follow corrected readings, (variables, junctions, forces): their slopes give readings back."""
    off, seen = members.off, members.seen
    sd, wide = off.std(axis=0), seen.std(axis=0)
    z = np.divide(off, sd, out=np.zeros_like(off), where=sd > 0)
    v = np.divide(seen, wide, out=np.zeros_like(seen), where=wide > 0)
    scale = sd[:, :, np.newaxis] * np.sqrt(np.maximum(np.diag(members.through), 0.0))
    believed = np.divide(members.alone, scale, out=np.zeros_like(scale), where=scale > 0)
    correlation = np.empty_like(believed)
    for force in range(seen.shape[1]):
        weight = (members.slopes[force] * sd) ** 2
        products = z * v[:, force, np.newaxis, np.newaxis]
        kept = kept_part(products, believed[..., force], weight)
        correlation[..., force] = kept * products.mean(axis=0) + (1.0 - kept) * believed[..., force]
    drawn = correlation * sd[:, :, np.newaxis] * wide
    return drawn @ _inverted(np.einsum("fuj,ujg->fg", members.slopes, drawn))


def kept_part(products: FloatArray, believed: FloatArray, weight: FloatArray | float) -> float:
    """Return the part β of correlations that is not chance.

    `products` (members, …) are products of standardised values, whose means are the correlations; `believed` (…) is
    what is believed without them, `weight` (…) what each counts.
    """
    count = len(products)
    chance = count**2 / (count - 1) ** 3 * float((weight * products.var(axis=0)).sum())
    apart = count / (count - 1) * products.mean(axis=0) - believed
    whole = float((weight * apart**2).sum())
    return 1.0 - min(max(chance / whole, 0.0), 1.0) if whole > 0 else 0.0


def _correlation(matrix: FloatArray) -> FloatArray:
    scale = _scale(matrix)
    found = matrix * scale * scale[:, np.newaxis]
    np.fill_diagonal(found, 1.0)
    return found


def _inverted(matrix: FloatArray) -> FloatArray:
    """Return the inverse of how readings follow one another, (forces, forces); of 0 in directions that they share."""
    scale = _scale(matrix)
    return np.linalg.pinv(matrix * scale * scale[:, np.newaxis], rcond=_SAME) * scale * scale[:, np.newaxis]


def _scale(matrix: FloatArray) -> FloatArray:
    """Return what makes the variances of a covariance 1; 0 where there is none."""
    sd = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    return np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
