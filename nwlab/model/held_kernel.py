"""Compiled life of a network whose terminals are held by ideal sources: a whole staircase of levels in one call.

The pieces are those of `nwlab.model.network_film`, or, on request, one step per level whose voltages are those of its
begin, as published codes do it: one solution and one exact step of all junctions.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare, compiled
from nwlab.model.laws.dispatch import advance, conduct
from nwlab.model.networks.network import IntArray
from nwlab.model.pieces import BEND, FADING, FINEST, NUDGE, PATIENCE, SHORTEST, SHORTEST_PART
from nwlab.model.randomness import Stream
from nwlab.model.solver.kirchhoff import FAILED, Graph, Memory, drops, follow
from nwlab.model.solver.vectors import put

DONE, LIMITED, LOST = range(3)
"""How a step ends: played; a source would pass its limit; no solution was found."""

BEGIN, MIDDLE = 0, 1
"""Rows of a `Sight`."""


class Wired(NamedTuple):
    """A network with ports, and what hangs on them."""

    graph: Graph
    memory: Memory
    sign: FloatArray  # (live edges,)
    order: IntArray  # (live edges,) which edge each row entry is
    share: FloatArray  # (sources, ports) current of each source per current into each port
    limit: FloatArray  # (sources,) A
    meter: IntArray  # (meters, 2) numbers of the nodes at HI and LO of voltmeters; −1 is 0 V
    ceiling: FloatArray  # (meters,) V, the most they may show


class Material(NamedTuple):
    """A law as compiled loops play it."""

    code: int
    constants: FloatArray
    quiet: FloatArray
    spread: FloatArray
    fluctuates: bool


class Sight(NamedTuple):
    """What is seen of a network at two moments: the begin of a piece and its middle."""

    conductance: FloatArray  # (2, edges) S
    drop: FloatArray  # (2, edges) V
    reading: FloatArray  # (2, ports + meters) A into each port, then V of each meter
    rows: FloatArray  # (2, live edges) conductance and drop in the order of the solver
    potential: FloatArray  # (free + ports,) V
    ends: FloatArray  # (2, junctions) S at the end of the piece, by second and by first order
    nudge: FloatArray  # (junctions,) S that a nudge of the state makes


class Books(NamedTuple):
    """What a film keeps of its past."""

    energy: FloatArray  # (edges,) J
    largest: FloatArray  # (edges,) V
    charge: FloatArray  # (terminals,) C
    piece: FloatArray  # (1,) s
    terminal: IntArray  # (ports,) which terminal each port is


@compiled
def play(
    wired: Wired,
    material: Material,
    sight: Sight,
    books: Books,
    state: FloatArray,
    levels: FloatArray,
    dwell: FloatArray,
    delay: FloatArray,
    tolerance: float,
    stream: Stream,
    out: FloatArray,
) -> tuple[int, int]:
    """Hold ports at `levels` (steps, ports) V, write the means from delay to end of each dwell to `out`.

    A `tolerance` of 0 means one step per level; its reading is that of the step's begin. Returns how many steps were
    played, and why not more: DONE, LIMITED or LOST. What the step that is not played had begun is undone.
    """
    kept, counter, length = state.copy(), stream[0], books.piece[0]
    energy, largest, charge = books.energy.copy(), books.largest.copy(), books.charge.copy()
    is_limited = np.isfinite(wired.limit).any() or np.isfinite(wired.ceiling).any()
    for step in range(dwell.size):
        kept[:] = state
        counter, length = stream[0], books.piece[0]
        if is_limited:
            energy[:], largest[:], charge[:] = books.energy, books.largest, books.charge
        out[step] = 0.0
        level, reading = levels[step], out[step]
        if tolerance == 0.0:
            how = _step(wired, material, sight, books, state, level, dwell[step], stream, reading)
        else:
            how = _dwell(
                wired, material, sight, books, state, level, dwell[step], delay[step], tolerance, stream, reading
            )
        if how != DONE:
            state[:] = kept
            stream[0] = counter
            books.piece[0] = length
            if is_limited:
                books.energy[:], books.largest[:], books.charge[:] = energy, largest, charge
            return step, how
    return dwell.size, DONE


@bare
def _dwell(
    wired: Wired,
    material: Material,
    sight: Sight,
    books: Books,
    state: FloatArray,
    levels: FloatArray,
    dwell: float,
    delay: float,
    tolerance: float,
    stream: Stream,
    out: FloatArray,
) -> int:
    """Play one level in pieces; what comes before the delay is not read."""
    if delay > 0.0:
        how = _pass(wired, material, sight, books, state, levels, delay, tolerance, stream, out, 0.0)
        if how != DONE:
            return how
    rest = dwell - delay
    return _pass(wired, material, sight, books, state, levels, rest, tolerance, stream, out, 1.0 / rest)


@bare
def _step(
    wired: Wired,
    material: Material,
    sight: Sight,
    books: Books,
    state: FloatArray,
    levels: FloatArray,
    duration: float,
    stream: Stream,
    out: FloatArray,
) -> int:
    """One solution, then one step of all junctions."""
    how = _look(wired, material, sight, state, levels, BEGIN)
    if how == DONE:
        put(out, sight.reading[BEGIN])
        _count(books, sight, BEGIN, duration)
        drop = sight.drop[BEGIN, : state.shape[1]]
        advance(material.code, material.constants, material.spread, state, drop, duration, stream)
    return how


@compiled
def _pass(
    wired: Wired,
    material: Material,
    sight: Sight,
    books: Books,
    state: FloatArray,
    levels: FloatArray,
    duration: float,
    tolerance: float,
    stream: Stream,
    out: FloatArray,
    weight: float,
) -> int:
    """Let `duration` s pass in pieces; `out` gathers `weight` times the integral of port currents."""
    junctions = state.shape[1]
    ahead = np.empty_like(state)
    how = _look(wired, material, sight, state, levels, BEGIN)
    left, pieces = duration, 0
    while how == DONE and left > 0.0:
        shortest = SHORTEST if pieces < PATIENCE else max(SHORTEST, SHORTEST_PART * duration)
        pieces += 1
        length = min(max(books.piece[0], shortest), left)
        while True:
            _move(material, state, ahead, sight.drop[BEGIN, :junctions], 0.5 * length, stream)
            how = _look(wired, material, sight, ahead, levels, MIDDLE)
            if how != DONE:
                return how
            error = _error(material, sight, state, ahead, length, tolerance, duration / FINEST, stream)
            if error <= 1.0 or length <= shortest:
                break
            length *= max(0.2, 0.8 / math.sqrt(error))
        _promise(books, error, length, left)
        first = sight.reading[BEGIN].copy()
        _count(books, sight, MIDDLE, length)
        drop = sight.drop[MIDDLE if error <= 1.0 else BEGIN, :junctions]
        advance(material.code, material.constants, material.spread, state, drop, length, stream)
        how = _look(wired, material, sight, state, levels, BEGIN)
        out += weight * length / 6.0 * (first + 4.0 * sight.reading[MIDDLE] + sight.reading[BEGIN])
        left -= length
    return how


@bare
def _promise(books: Books, error: float, length: float, left: float) -> None:
    """Note how long the next piece may be."""
    if error == 0.0:
        books.piece[0] = math.inf
        return
    promise = length * (0.8 / math.sqrt(error) if error > 0.04 else 4.0)
    books.piece[0] = max(promise, books.piece[0] if length == left else 0.0)


@bare
def _move(
    material: Material, state: FloatArray, ahead: FloatArray, drop: FloatArray, duration: float, stream: Stream
) -> None:
    """Write the state after `duration` s at constant voltages, without chance, into `ahead`."""
    for row in range(state.shape[0]):
        put(ahead[row], state[row])
    counter = stream[0]
    advance(material.code, material.quiet, material.spread, ahead, drop, duration, stream)
    stream[0] = counter


@bare
def _look(wired: Wired, material: Material, sight: Sight, state: FloatArray, levels: FloatArray, when: int) -> int:
    """Solve Kirchhoff's laws at a state."""
    order, junctions = wired.order, state.shape[1]
    conductance, drop = sight.conductance[when], sight.drop[when]
    conduct(material.code, material.constants, material.spread, state, conductance[:junctions])
    for p in range(order.size):
        sight.rows[0, p] = conductance[order[p]]
    if follow(wired.graph, wired.memory, sight.rows[0], levels, sight.potential) == FAILED:
        return LOST
    reading, ports = sight.reading[when], levels.size
    put(reading[:ports], wired.memory.currents)
    for meter in range(wired.ceiling.size):
        hi, lo = wired.meter[meter, 0], wired.meter[meter, 1]
        reading[ports + meter] = sight.potential[hi] - (sight.potential[lo] if lo >= 0 else 0.0)
    drops(wired.graph, wired.sign, sight.potential, sight.rows[1])
    for p in range(order.size):
        drop[order[p]] = sight.rows[1, p]
    return DONE if _within(wired, reading, ports) else LIMITED


@bare
def _within(wired: Wired, reading: FloatArray, ports: int) -> bool:
    for source in range(wired.limit.size):
        total = 0.0
        for port in range(ports):
            total += wired.share[source, port] * reading[port]
        if abs(total) > wired.limit[source] * (1.0 + 1e-9):
            return False
    for meter in range(wired.ceiling.size):
        if abs(reading[ports + meter]) > wired.ceiling[meter] * (1.0 + 1e-9):
            return False
    return True


@bare
def _error(
    material: Material,
    sight: Sight,
    state: FloatArray,
    ahead: FloatArray,
    length: float,
    tolerance: float,
    finest: float,
    stream: Stream,
) -> float:
    """Return the error of a piece, 1 = as large as allowed; it grows with the square of the piece."""
    count = state.shape[1]
    end, other = sight.ends[0], sight.ends[1]
    _move(material, state, ahead, sight.drop[MIDDLE, :count], length, stream)
    conduct(material.code, material.constants, material.spread, ahead, end)
    _move(material, state, ahead, sight.drop[BEGIN, :count], length, stream)
    conduct(material.code, material.constants, material.spread, ahead, other)
    power, turn, missed, bend = 0.0, 0.0, 0.0, 0.0
    for i in range(count):
        middle, drop = sight.conductance[MIDDLE, i], sight.drop[MIDDLE, i]
        off, weight = abs(end[i] - other[i]), drop * drop
        power += middle * weight
        turn += off * weight
        missed += (off / middle) ** 2 if middle > 0.0 else 0.0
        bend += abs(sight.conductance[BEGIN, i] - 2.0 * middle + end[i]) * weight
    if power == 0.0:
        return 0.0
    error = max(max(turn / power, math.sqrt(missed / count)) / tolerance, bend / power / BEND)
    if material.fluctuates and length > finest:
        error = max(error, (_fading(material, sight, state, ahead, length, stream) / FADING) ** 2)
    return error


@bare
def _fading(
    material: Material, sight: Sight, state: FloatArray, ahead: FloatArray, length: float, stream: Stream
) -> float:
    """Return which part of a chance deviation is forgotten over a piece that ends at sight.ends[0], by power."""
    count = state.shape[1]
    begin, end, moved = sight.conductance[BEGIN], sight.ends[0], sight.ends[1]
    forgotten, power = 0.0, 0.0
    for i in range(count):
        state[0, i] += NUDGE
    conduct(material.code, material.constants, material.spread, state, moved)
    for i in range(count):
        sight.nudge[i] = moved[i] - begin[i]
    _move(material, state, ahead, sight.drop[MIDDLE, :count], length, stream)
    conduct(material.code, material.constants, material.spread, ahead, moved)
    for i in range(count):
        state[0, i] -= NUDGE
        weight = sight.drop[MIDDLE, i] ** 2
        if sight.nudge[i] != 0.0:
            power += weight * abs(sight.nudge[i])
            forgotten += weight * max(abs(sight.nudge[i]) - abs(moved[i] - end[i]), 0.0)
    return forgotten / power if power > 0.0 else 0.0


@bare
def _count(books: Books, sight: Sight, when: int, duration: float) -> None:
    """Keep the books over a piece."""
    for i in range(books.energy.size):
        drop = sight.drop[when, i]
        books.energy[i] += duration * sight.conductance[when, i] * drop * drop
        books.largest[i] = max(books.largest[i], abs(drop))
    for port in range(books.terminal.size):
        books.charge[books.terminal[port]] += duration * sight.reading[when, port]
