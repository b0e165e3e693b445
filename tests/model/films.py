"""Small films with known answers."""

from __future__ import annotations

import numpy as np
from model.published import CONNECTOME
from numpy.typing import NDArray

from nwlab.model.body import Body
from nwlab.model.laws.fixed import Fixed
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.laws.rate_balance import RateBalanceJunctions
from nwlab.model.network_film import NetworkFilm
from nwlab.model.rate_balance import RateBalance

Resistors = list[tuple[int, int, float]]

NO_EDGES = np.zeros((0, 2), dtype=np.int32)


def body_of(
    terminals: int, nodes: int, pairs: list[tuple[int, int]], contacts: NDArray[np.float64] | None = None
) -> Body:
    junctions = np.array(pairs, dtype=np.int32).reshape(-1, 2)
    return Body(
        terminals, nodes, junctions, NO_EDGES, np.zeros(0), np.zeros(terminals) if contacts is None else contacts
    )


def fixed_film(
    terminals: int, nodes: int, resistors: Resistors, contacts: NDArray[np.float64] | None = None
) -> NetworkFilm:
    """Resistors between nodes of which the first are terminals."""
    body = body_of(terminals, nodes, [(one, two) for one, two, _ in resistors], contacts)
    law = JunctionLaw.uniform(Fixed(1.0), len(resistors))
    return NetworkFilm(body, law, np.array([1 / ohm for _, _, ohm in resistors]))


def living_film(
    body: Body, law: RateBalance = CONNECTOME, start: float | None = None, seed: int = 0, **more: object
) -> NetworkFilm:
    junctions = JunctionLaw.uniform(RateBalanceJunctions(law), body.junctions)
    return NetworkFilm(body, junctions, law.g_min if start is None else start, seed=seed, **more)  # type: ignore[arg-type]


def random_body(nodes: int, extra: int, terminals: int, seed: int) -> Body:
    """A random tree and some more edges."""
    rng = np.random.default_rng(seed)
    pairs = [(int(rng.integers(0, node)), node) for node in range(1, nodes)]
    pairs += [tuple(int(n) for n in rng.choice(nodes, 2, replace=False)) for _ in range(extra)]  # type: ignore[misc]
    return body_of(terminals, nodes, pairs)


def square_grid(side: int, terminals: list[int]) -> Body:
    """A square grid of side × side points without diagonals; `terminals` are points x·side + y."""
    order = terminals + [node for node in range(side * side) if node not in terminals]
    place = {node: index for index, node in enumerate(order)}
    pairs = [(place[x * side + y], place[(x + 1) * side + y]) for x in range(side - 1) for y in range(side)]
    pairs += [(place[x * side + y], place[x * side + y + 1]) for x in range(side) for y in range(side - 1)]
    return body_of(len(terminals), side * side, pairs)
