"""A network between two held ports, with derivatives; compiled.

Theory of operation
    A piece of time is the midpoint step of `nwlab.model.network_film`: with the voltages of its begin the junctions go
    to its middle, and the voltages of that middle act over the whole piece. Its derivative is that of the very steps:
    the junctions' states carry one row of columns each. Where conductances change by δG, potentials answer with
    A·δx = −δ(A)·x, for which the elimination that gave x serves again, all columns at once; and the conductance between
    the ports answers with Σ v²·δG, v being the drops at 1 V (Tellegen's theorem), without any solution.

    Arrays of edges stand in the order of the graph; a plain conductor has `junction` −1.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare, compiled
from nwlab.model.randomness import exp
from nwlab.model.solver.graph import Graph
from nwlab.model.solver.lanes import alike, load, plus, store
from nwlab.model.solver.star_mesh import Factor, eliminate, lift
from nwlab.model.tangent.columns import COLUMNS, G_MIN, G_SPAN, SPREAD_G, WIDTH, Rates
from nwlab.model.tangent.junction_kernel import explicit, moved
from nwlab.model.tangent.solve import back_solve_rows


class Web(NamedTuple):
    """A network between two ports, and how its junctions differ."""

    graph: Graph
    factor: Factor
    plain: FloatArray  # (edges,) S of plain conductors, −1 for junctions
    normals: FloatArray  # (3, edges)
    factors: FloatArray  # (3, edges) on κ_P0, κ_D0 and the conductance


class Scene(NamedTuple):
    """A state of the junctions and what follows from it; rows of columns are flat."""

    state: FloatArray  # (edges,)
    slope: FloatArray  # (edges · WIDTH,)
    conductance: FloatArray  # (edges,) S
    drop: FloatArray  # (edges,) V at 1 V between the ports, lower node minus higher
    potential: FloatArray  # (nodes,) V at 1 V between the ports
    answer: FloatArray  # (nodes · WIDTH,) derivatives of the potentials


@compiled
def play(
    web: Web,
    rates: Rates,
    now: Scene,
    ahead: Scene,
    level: FloatArray,
    length: FloatArray,
    is_legacy: bool,
    value: FloatArray,
    slope: FloatArray,
) -> None:
    """Hold |level| (pieces,) V for `length` (pieces,) s each; see `nwlab.model.tangent.network`."""
    for k in range(level.size):
        value[k] = _look(web, rates, now)
        _differentiate(web, rates, now, slope[k])
        if is_legacy:
            _advance(web, rates, now, now, now, level[k], length[k], True)
        else:
            _advance(web, rates, now, now, ahead, level[k], 0.5 * length[k], False)
            _look(web, rates, ahead)
            _differentiate(web, rates, ahead, slope[level.size])
            _advance(web, rates, now, ahead, now, level[k], length[k], False)
    value[level.size] = _look(web, rates, now)
    _differentiate(web, rates, now, slope[level.size])


@compiled
def pace(
    web: Web,
    rates: Rates,
    now: Scene,
    ahead: Scene,
    level: float,
    duration: float,
    first: float,
    tolerance: float,
    bend: float,
    lengths: FloatArray,
) -> int:
    """Find pieces for `duration` s at `level` V from the state `now`; return how many, or −1 if there is no room.

    A piece is short enough when its ends by first and by second order agree to `tolerance` of power and conductances,
    and when the conductance bends by no more than `bend` of itself within it. The first is of at most `first` s.
    """
    left, length, count = duration, first, 0
    while left > 0.0:
        if count == lengths.size:
            return -1
        begin = _look(web, rates, now)
        length = min(length, left)
        if left - length < 0.3 * length:
            length = left
        while True:
            _slip(web, rates, now.state, now.drop, ahead.state, level, 0.5 * length)
            middle = _look(web, rates, ahead)
            error = _error(web, rates, now, ahead, level, length, tolerance)
            _slip(web, rates, now.state, ahead.drop, ahead.state, level, length)
            end = _look(web, rates, ahead)
            error = max(error, abs(begin - 2.0 * middle + end) / (bend * middle))
            if error <= 1.0 or length < 1e-6 * duration:
                break
            length *= max(0.2, 0.8 / math.sqrt(error))
        now.state[:] = ahead.state
        lengths[count] = length
        count += 1
        left -= length
        length *= min(0.9 / math.sqrt(max(error, 1e-9)), 3.0)
    return count


@bare
def _look(web: Web, rates: Rates, scene: Scene) -> float:
    """Solve Kirchhoff's laws at 1 V; return the conductance between the ports."""
    graph, conductance, drop, x = web.graph, scene.conductance, scene.drop, scene.potential
    for p in range(conductance.size):
        own = web.factors[2, p] * (rates.g_min + rates.g_span * scene.state[p])
        conductance[p] = own if web.plain[p] < 0.0 else web.plain[p]
    eliminate(graph.fronts, graph.first, conductance, web.factor)
    free = x.size - 2
    x[:free] = 0.0
    x[free], x[free + 1] = 1.0, 0.0
    lift(graph.fronts, web.factor, x)
    for k in range(x.size):
        for p in range(graph.first[k], graph.first[k + 1]):
            drop[p] = x[k] - x[graph.high[p]]
    return web.factor.mesh[0, 1]


@bare
def _differentiate(web: Web, rates: Rates, scene: Scene, slope: FloatArray) -> None:
    """Find the derivatives of the potentials and of the conductance between the ports, (COLUMNS,)."""
    graph, answer = web.graph, scene.answer
    span = alike(rates.g_span)
    zero = alike(0.0)
    for at in range(0, answer.size, 8):
        store(answer, at, zero)
    slope[:] = 0.0
    for k in range(graph.first.size - 1):
        for p in range(graph.first[k], graph.first[k + 1]):
            if web.plain[p] >= 0.0:
                continue
            drop, factor = scene.drop[p], web.factors[2, p]
            here, there, at = k * WIDTH, graph.high[p] * WIDTH, p * WIDTH
            out, into = alike(-factor * drop), alike(factor * drop)
            one, two = plus(zero, span, load(scene.slope, at)), plus(zero, span, load(scene.slope, at + 8))
            store(answer, here, plus(load(answer, here), out, one))
            store(answer, here + 8, plus(load(answer, here + 8), out, two))
            store(answer, there, plus(load(answer, there), into, one))
            store(answer, there + 8, plus(load(answer, there + 8), into, two))
            own = web.normals[2, p] * scene.conductance[p]
            _inject(answer, here, there, SPREAD_G, own * drop)
            _inject(answer, here, there, G_MIN, factor * drop)
            _inject(answer, here, there, G_SPAN, factor * scene.state[p] * drop)
            power = factor * drop * drop
            for c in range(COLUMNS):
                slope[c] += power * rates.g_span * scene.slope[at + c]
            slope[SPREAD_G] += own * drop * drop
            slope[G_MIN] += power
            slope[G_SPAN] += power * scene.state[p]
    back_solve_rows(graph.fronts, web.factor, answer)


@bare
def _inject(answer: FloatArray, here: int, there: int, column: int, current: float) -> None:
    answer[here + column] -= current
    answer[there + column] += current


@bare
def _advance(
    web: Web,
    rates: Rates,
    begin: Scene,
    acting: Scene,
    end: Scene,
    level: float,
    duration: float,
    is_legacy: bool,
) -> None:
    """Move the junctions from `begin` to `end` under the voltages of `acting`, with their derivatives."""
    graph = web.graph
    for k in range(graph.first.size - 1):
        for p in range(graph.first[k], graph.first[k + 1]):
            if web.plain[p] >= 0.0:
                continue
            drop = abs(level * acting.drop[p])
            up = rates.kp0 * web.factors[0, p] * exp(rates.eta_p * drop)
            down = rates.kd0 * web.factors[1, p] * exp(-rates.eta_d * drop)
            state, kept, by_up, by_down = moved(up, down, duration, begin.state[p], is_legacy)
            turn = (by_up * rates.eta_p - by_down * rates.eta_d) * (level if acting.drop[p] > 0.0 else -level)
            at, here, there = p * WIDTH, k * WIDTH, graph.high[p] * WIDTH
            keep, plus_turn, minus_turn = alike(kept), alike(turn), alike(-turn)
            for c in range(0, WIDTH, 8):
                row = plus(alike(0.0), keep, load(begin.slope, at + c))
                row = plus(row, plus_turn, load(acting.answer, here + c))
                store(end.slope, at + c, plus(row, minus_turn, load(acting.answer, there + c)))
            explicit(end.slope, at, by_up, by_down, drop, web.normals[0, p], web.normals[1, p])
            end.state[p] = state


@bare
def _slip(
    web: Web, rates: Rates, state: FloatArray, unit: FloatArray, out: FloatArray, level: float, duration: float
) -> None:
    """Move the junctions without derivatives, under the drops `unit` at 1 V."""
    for p in range(state.size):
        out[p] = _slipped(web, rates, p, state[p], abs(level * unit[p]), duration)


@bare
def _slipped(web: Web, rates: Rates, p: int, state: float, drop: float, duration: float) -> float:
    up = rates.kp0 * web.factors[0, p] * exp(rates.eta_p * drop)
    down = rates.kd0 * web.factors[1, p] * exp(-rates.eta_d * drop)
    rate = up + down
    goal = up / rate
    return goal + (state - goal) * exp(-rate * duration)


@bare
def _error(web: Web, rates: Rates, now: Scene, ahead: Scene, level: float, length: float, tolerance: float) -> float:
    """Return how far the ends by first and by second order are apart, 1 = as far as allowed; as the film has it."""
    power, turn, missed, count = 0.0, 0.0, 0.0, 0
    for p in range(now.state.size):
        if web.plain[p] >= 0.0:
            continue
        end = _slipped(web, rates, p, now.state[p], abs(level * ahead.drop[p]), length)
        other = _slipped(web, rates, p, now.state[p], abs(level * now.drop[p]), length)
        off = web.factors[2, p] * rates.g_span * abs(end - other)
        middle, weight = ahead.conductance[p], ahead.drop[p] * ahead.drop[p]
        power += middle * weight
        turn += off * weight
        missed += (off / middle) ** 2 if middle > 0.0 else 0.0
        count += 1
    if power == 0.0:
        return 0.0
    return max(turn / power, math.sqrt(missed / count)) / tolerance
