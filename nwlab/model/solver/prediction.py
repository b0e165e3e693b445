"""Guesses of the next potentials from past ones."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare
from nwlab.model.solver.vectors import put

ORDERS = 4


class Past(NamedTuple):
    """Solutions for unit voltage in one direction."""

    solutions: FloatArray  # (ORDERS, free + ports), in a ring
    errors: FloatArray  # (ORDERS,) how far off each order would have been last time
    ring: FloatArray  # (2,) which solution is the newest, how many there are


def no_past(total: int) -> Past:
    """Return room for a network of so many nodes."""
    return Past(np.zeros((ORDERS, total)), np.zeros(ORDERS), np.zeros(2))


@bare
def forget_unless(past: Past, unit: FloatArray) -> None:
    """Forget solutions whose ports were at other potentials than `unit` (ports,)."""
    newest = int(past.ring[0]) % ORDERS
    last = past.solutions[newest, past.solutions.shape[1] - unit.size :]
    for port in range(unit.size):
        if abs(last[port] - unit[port]) > 1e-12:
            past.ring[0], past.ring[1] = 0.0, 0.0


@bare
def guess(past: Past, x: FloatArray) -> None:
    """Extrapolate x (free,) at the order that would have been best last time."""
    newest, known, errors, best = int(past.ring[0]), int(past.ring[1]), past.errors, 0
    for order in range(1, known):
        if errors[order] < errors[best]:
            best = order
    a, b = past.solutions[newest % ORDERS], past.solutions[(newest + 3) % ORDERS]
    c, d = past.solutions[(newest + 2) % ORDERS], past.solutions[(newest + 1) % ORDERS]
    for k in range(x.size):
        if known == 0:
            x[k] = 0.0
        elif best == 0:
            x[k] = a[k]
        elif best == 1:
            x[k] = 2.0 * a[k] - b[k]
        elif best == 2:
            x[k] = 3.0 * (a[k] - b[k]) + c[k]
        else:
            x[k] = 4.0 * (a[k] + c[k]) - 6.0 * b[k] - d[k]


@bare
def remember(past: Past, x: FloatArray) -> None:
    """Add a solution (free + ports,), and note how far off each order would have been."""
    newest, known, errors = int(past.ring[0]), int(past.ring[1]), past.errors
    a, b = past.solutions[newest % ORDERS], past.solutions[(newest + 3) % ORDERS]
    c, d = past.solutions[(newest + 2) % ORDERS], past.solutions[(newest + 1) % ORDERS]
    one, two, three, four = 0.0, 0.0, 0.0, 0.0
    for k in range(x.size):
        one += (x[k] - a[k]) ** 2
        two += (x[k] - 2.0 * a[k] + b[k]) ** 2
        three += (x[k] - 3.0 * (a[k] - b[k]) - c[k]) ** 2
        four += (x[k] - 4.0 * (a[k] + c[k]) + 6.0 * b[k] + d[k]) ** 2
    errors[0] = one
    errors[1] = two if known > 1 else np.inf
    errors[2] = three if known > 2 else np.inf
    errors[3] = four if known > 3 else np.inf
    put(d, x)
    past.ring[0], past.ring[1] = (newest + 1) % ORDERS, min(known + 1, ORDERS)
