"""Compiled life of one junction on a load line: time passes, the voltage follows the conductance.

Theory of operation
    While the voltage is constant over everything the state can reach, a step is exact however long it is. Otherwise
    time is cut so that the voltage hardly moves, and each piece is a stochastic midpoint step: half a piece at the
    present voltage says where the state will be, then the whole piece is exact at the voltage of that middle, with the
    same noise. It is of second order, also for the spread of the noise. Lengths are chosen before noise is drawn.
"""

from __future__ import annotations

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import compiled
from nwlab.model.kernels import factors, jump, mean_between, rates, wait_for_jump
from nwlab.model.load_line import SUM_CURRENT, SUM_TIME, SUM_VOLTAGE, TABLE_FROM, TABLE_P, TABLE_Q, TABLE_R, TABLE_TO
from nwlab.model.randomness import Stream, draw, normal_pair
from nwlab.model.rate_balance import Constants

STATE, WAIT, LEFT, WANTED, PIECE = range(5)
"""Places in a junction's memory: g; s to the next jump; s still to pass; S that the table lacks; last piece in s."""

_REACH = 8.0  # standard deviations that count as everything
_ERROR = 2e-6  # of the state in one piece, at first order; the midpoint step is much better
_FEEDBACK = 0.1  # change of the end of a piece per change of its begin through the voltage
_SWAY = 0.01  # relative change of voltage over a piece
_SHIFT = 1e-6  # of the state, to both sides of which the voltage is looked at, besides noise


@compiled
def conductance_of(law: Constants, state: float) -> float:
    """Return G ≥ 0 of a state in S."""
    return max(law.g_min + law.g_span * state, 0.0)


@compiled
def segment_at(table: FloatArray, conductance: float) -> int:
    """Return the row of a contiguous load line."""
    row = 0
    while row < table.shape[0] - 1 and conductance > table[row, TABLE_TO]:
        row += 1
    return row


@compiled
def voltage_at(law: Constants, table: FloatArray, state: float) -> float:
    """Return the voltage across the junction in V."""
    conductance = conductance_of(law, state)
    row = segment_at(table, conductance)
    if table[row, TABLE_P] == 0.0:
        return 0.0
    return table[row, TABLE_P] / (table[row, TABLE_Q] + table[row, TABLE_R] * conductance)


@compiled
def _relaxed(law: Constants, state: float, voltage: float, duration: float) -> tuple[float, float]:
    """Return the state without noise, and the spread that noise adds."""
    rate, goal = rates(law, voltage)
    b, s = factors(law, rate, duration)
    return goal + b * (state - goal), s


@compiled
def _is_steady(law: Constants, table: FloatArray, lowest: float, highest: float) -> bool:
    row = segment_at(table, conductance_of(law, lowest))
    if row != segment_at(table, conductance_of(law, highest)):
        return False
    return table[row, TABLE_P] == 0.0 or table[row, TABLE_R] == 0.0


@compiled
def _stands(law: Constants, table: FloatArray, state: float, duration: float) -> bool:
    """Whether a state goes no further than its voltage is looked at, whatever the voltage is there.

    A current through next to nothing has a voltage that hangs on next to nothing: no piece would be fine.
    """
    farthest = 0.0
    for shift in (-_SHIFT, 0.0, _SHIFT):
        end, _ = _relaxed(law, state, voltage_at(law, table, state + shift), duration)
        farthest = max(farthest, abs(end - state))
    return farthest <= _SHIFT


@compiled
def _is_fine(law: Constants, table: FloatArray, state: float, voltage: float, duration: float) -> bool:
    """Whether the voltage moves so little over a piece that a midpoint step follows it."""
    end, spread = _relaxed(law, state, voltage, duration)
    if law.noise > 0.0 and _REACH * spread <= _SHIFT and _stands(law, table, state, duration):
        return True
    voltage_end = voltage_at(law, table, end)
    other_end, _ = _relaxed(law, state, voltage_end, duration)
    if abs(other_end - end) > _ERROR or abs(voltage_end - voltage) > _SWAY * abs(voltage):
        return False
    shift = _REACH * spread + _SHIFT
    above, below = voltage_at(law, table, state + shift), voltage_at(law, table, state - shift)
    if abs(above - below) > 2.0 * _REACH * _SWAY * abs(voltage):
        return False
    end_above, _ = _relaxed(law, state, above, duration)
    end_below, _ = _relaxed(law, state, below, duration)
    return max(abs(end_above - end), abs(end_below - end)) <= _FEEDBACK * shift


@compiled
def _sum_up(law: Constants, table: FloatArray, state: float, duration: float, sums: FloatArray) -> None:
    conductance = conductance_of(law, state)
    voltage = voltage_at(law, table, state)
    row = segment_at(table, conductance)
    sums[row, SUM_TIME] += duration
    sums[row, SUM_VOLTAGE] += duration * voltage
    sums[row, SUM_CURRENT] += duration * voltage * conductance


@compiled
def _pass_steadily(
    law: Constants, table: FloatArray, state: float, voltage: float, duration: float, sums: FloatArray, stream: Stream
) -> float:
    """One exact step at constant voltage; return the new state."""
    rate, goal = rates(law, voltage)
    b, s = factors(law, rate, duration)
    one, two = normal_pair(draw(stream))
    end = max(goal + b * (state - goal) + s * one, law.floor)
    _sum_up(law, table, mean_between(law, rate, goal, duration, state, end, two), duration, sums)
    return end


@compiled
def _pass_piece(
    law: Constants, table: FloatArray, state: float, voltage: float, duration: float, sums: FloatArray, stream: Stream
) -> float:
    """One midpoint step; return the new state."""
    half = 0.5 * duration
    one, two = normal_pair(draw(stream))
    three, four = normal_pair(draw(stream))
    ahead, spread = _relaxed(law, state, voltage, half)
    rate, goal = rates(law, voltage_at(law, table, ahead + spread * one))
    b, s = factors(law, rate, half)
    middle = max(goal + b * (state - goal) + spread * one, law.floor)
    end = max(goal + b * (middle - goal) + s * two, law.floor)
    _sum_up(law, table, mean_between(law, rate, goal, half, state, middle, three), half, sums)
    _sum_up(law, table, mean_between(law, rate, goal, half, middle, end, four), half, sums)
    return end


@compiled
def _uncovered(law: Constants, table: FloatArray, lowest: float, highest: float) -> float:
    """Return a conductance that the table lacks, or −1."""
    low, high = conductance_of(law, lowest), conductance_of(law, highest)
    if low < table[0, TABLE_FROM]:
        return low
    return high if high > table[table.shape[0] - 1, TABLE_TO] else -1.0


@compiled
def live(law: Constants, memory: FloatArray, table: FloatArray, sums: FloatArray, stream: Stream) -> None:
    """Let memory[LEFT] s pass; returns with time left when the load line must first reach memory[WANTED]."""
    while memory[LEFT] > 0.0:
        state, horizon = memory[STATE], min(memory[LEFT], memory[WAIT])
        voltage = voltage_at(law, table, state)
        end, spread = _relaxed(law, state, voltage, horizon)
        lowest, highest = min(state, end) - _REACH * spread, max(state, end) + _REACH * spread
        memory[WANTED] = _uncovered(law, table, lowest, highest)
        if memory[WANTED] >= 0.0:
            return
        piece = horizon
        if _is_steady(law, table, lowest, highest):
            memory[STATE] = _pass_steadily(law, table, state, voltage, piece, sums, stream)
        else:
            piece = min(horizon, 2.0 * memory[PIECE])
            while piece > 1e-12 and not _is_fine(law, table, state, voltage, piece):
                piece *= 0.5
            memory[PIECE] = piece
            memory[STATE] = _pass_piece(law, table, state, voltage, piece, sums, stream)
        _pass_time(law, memory, table, piece, stream)


@compiled
def _pass_time(law: Constants, memory: FloatArray, table: FloatArray, piece: float, stream: Stream) -> None:
    """Count a piece of time, and jump at its end when that was due."""
    is_jump = piece == memory[WAIT]
    memory[LEFT] -= piece
    memory[WAIT] -= piece
    if is_jump:
        _, goal = rates(law, voltage_at(law, table, memory[STATE]))
        memory[STATE] = jump(law, memory[STATE], goal, stream)
        memory[WAIT] = wait_for_jump(law, stream)
