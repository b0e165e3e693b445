"""The offset of a meter's range, learned beside the state; compiled.

On one range a meter reads every current off by the same amount, which at V volts is a conductance of offset/V; and
every voltage, which is one of −offset·G/V. At a low voltage that is far more than a film moves. Offset and state are
jointly normal, as in Kalman's filter with the offset as a second state that hardly moves. The branches share one
covariance with it. A jump tells nothing of the offset: what a reading teaches counts as far as there was none.
"""

from __future__ import annotations

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare

OFFSET, VARIANCE, BOTH = range(3)
"""What is known of it: A (or V, where that is read), its square, and its covariance with the state."""
FARTHEST = 3.0
"""Standard deviations beyond which nothing is put down to it: what stays is a change of the chip."""
DRIFT = 5e-3
"""1/√s: by which part of its standard deviation it wanders."""
_APART = 1.0 - 1e-9
"""It is never quite the same thing as the state."""

_A, _B, _C, _H, _Q, _CROSS, _U, _CALM = range(8)


@bare
def widen(move: FloatArray, share: float, sd: float, duration: float, known: FloatArray) -> float:
    """Add to a step (8,) what is not known of the offset; return what is, in S.

    `share` is the conductance that an offset of 1 feigns, `sd` what it may be, `duration` that of the step in s.
    """
    known[VARIANCE] = min(known[VARIANCE] + (DRIFT * sd) ** 2 * duration, sd * sd)
    move[_U] += share * (2.0 * move[_H] * known[BOTH] + share * known[VARIANCE])
    move[_CROSS] += share * move[_B] * known[BOTH]
    return share * known[OFFSET]


@bare
def learn(
    move: FloatArray, share: float, sd: float, branches: FloatArray, y: float, calm: float, known: FloatArray
) -> None:
    """Take a reading of `branches` (3, KEPT) before they take it; `calm` is the chance that there was no jump.

    `move`, `share` and `sd` are those of `widen`.
    """
    mean, variance = 0.0, 0.0
    for j in range(branches.shape[1]):
        mean += branches[2, j] * branches[0, j]
    for j in range(branches.shape[1]):
        variance += branches[2, j] * (branches[1, j] + (branches[0, j] - mean) ** 2)
    seen = move[_H] ** 2 * variance + move[_U]
    along = move[_H] * known[BOTH] + share * known[VARIANCE]
    gain = (move[_B] * move[_H] * variance + move[_CROSS]) / seen
    moved = known[OFFSET] + calm * along / seen * (y - move[_C] - move[_H] * mean)
    known[OFFSET] = min(max(moved, -FARTHEST * sd), FARTHEST * sd)
    known[VARIANCE] = max(known[VARIANCE] - calm * along * along / seen, 0.0)
    known[BOTH] = move[_B] * known[BOTH] - calm * gain * along


@bare
def bound(branches: FloatArray, known: FloatArray) -> None:
    """Let no branch (3, KEPT) be narrower than what it shares with the offset allows: a reading would seem too sure."""
    if known[VARIANCE] <= 0.0:
        known[BOTH] = 0.0
        return
    least = known[BOTH] ** 2 / (known[VARIANCE] * _APART)
    for j in range(branches.shape[1]):
        if branches[2, j] > 0.0:
            branches[1, j] = max(branches[1, j], least)
