"""How an ensemble learns from readings: a stochastic ensemble Kalman filter in two steps.

Theory of operation
    First the readings that members foretell are corrected as an ensemble Kalman filter does it, each member towards the
    reading plus a draw of its noise (Burgers, van Leeuwen and Evensen, Mon. Weather Rev. 126 (1998) 1719). Then each
    member's correction is spread over its junctions by regression on the readings (Anderson, Mon. Weather Rev. 131
    (2003) 634), P·Hᵀ·(H·P·Hᵀ)⁻¹, scaled so that it makes just the corrected reading.

Localisation
    Every reading depends on all junctions, so that no distance tells which covariances of twenty members are chance.
    Covariances between different junctions count by the part β that is not: β = 1 − Σvar(r)/Σr² over all
    correlations r (Schäfer and Strimmer, Stat. Appl. Genet. Mol. Biol. 4 (2005) 32); those within a junction count in
    full. What junctions fluctuate each for itself then goes where H, the slopes of the circuit, puts it.

Inflation
    Variances of what members foretell are enlarged by `INFLATION`, which widens what was observed and leaves the rest.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from scipy.special import ndtri, stdtr

from nwlab.core.drive import FloatArray

INFLATION = 1.05
"""Of the variance of foretold readings."""

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


def outlook(foretold: FloatArray, noise: FloatArray) -> Outlook:
    """Return what is expected from `foretold` (members, forces) and the covariance of meter noise."""
    members = len(foretold)
    mean = foretold.mean(axis=0)
    off = foretold - mean
    spread = off.T @ off / (members - 1)
    kept = shrinkage(off) if foretold.shape[1] > 1 else 1.0
    own = np.diag(np.diag(spread))
    return Outlook(mean, INFLATION * (1.0 + 1.0 / members) * (kept * spread + (1.0 - kept) * own), noise)


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


def corrected(
    states: FloatArray,
    slopes: FloatArray,
    foretold: FloatArray,
    reading: FloatArray,
    expected: Outlook,
    rng: np.random.Generator,
) -> FloatArray:
    """Return the states after a reading (forces,), (members, variables, junctions).

    `slopes` (forces, variables, junctions) tell how readings depend on a state, `foretold` (members, forces) is what
    each member expected.
    """
    members = len(states)
    draws = rng.standard_normal(foretold.shape) @ np.linalg.cholesky(expected.noise).T
    draws -= draws.mean(axis=0)
    wanted = expected.spread @ np.linalg.inv(expected.spread + expected.noise)
    steps = (reading + draws - foretold) @ wanted.T
    off = states - states.mean(axis=0)
    seen = foretold - foretold.mean(axis=0)
    kept = shrinkage(off.reshape(members, -1))
    within = np.einsum("nuj,nvj->uvj", off, off) / (members - 1)
    alone = np.einsum("uvj,fvj->ujf", within, slopes)
    drawn = kept * np.einsum("nuj,nf->ujf", off, seen) / (members - 1) + (1.0 - kept) * alone
    through = kept * (seen.T @ seen) / (members - 1) + (1.0 - kept) * np.einsum("fuj,ujg->fg", slopes, alone)
    return states + np.einsum("ujf,nf->nuj", drawn, steps @ _inverted(through))


def shrinkage(off: FloatArray) -> float:
    """Return the part β of correlations between values that is not chance, from anomalies (members, values)."""
    members = len(off)
    sd = off.std(axis=0)
    known = sd > 1e-12 * float(sd.max(initial=0.0))
    if np.count_nonzero(known) < 2:
        return 1.0
    z = off[:, known] / sd[known]
    square = z * z
    # Sums over all pairs of values, without the pairs of a value with itself, from tables of members alone.
    single = float((square**2).sum())
    every = float((square.sum(axis=1) ** 2).sum()) - single
    mean = float(((z @ z.T) ** 2).sum()) / members**2 - float((square.mean(axis=0) ** 2).sum())
    chance = members / (members - 1) ** 3 * (every - members * mean)
    whole = (members / (members - 1)) ** 2 * mean
    return 1.0 - min(max(chance / whole, 0.0), 1.0) if whole > 0 else 0.0


def _inverted(matrix: FloatArray) -> FloatArray:
    """Return the inverse of a covariance (forces, forces), of 0 in directions that readings share."""
    sd = np.sqrt(np.maximum(np.diag(matrix), 0.0))
    scale = np.divide(1.0, sd, out=np.zeros_like(sd), where=sd > 0)
    scaled = matrix * scale * scale[:, np.newaxis]
    return np.linalg.pinv(scaled, rcond=_SAME, hermitian=True) * scale * scale[:, np.newaxis]
