"""One step of one junction at constant voltage, with its derivatives by state and rates; compiled.

    exact:   g → g̃ + (g − g̃)·E          E = e^(−θ·Δt),  θ = K_P + K_D,  g̃ = K_P/θ
    legacy:  g → g̃ + (1 − g̃)·E·g

As ∂g̃/∂ln K_P = g̃(1 − g̃) = −∂g̃/∂ln K_D and ∂θ/∂ln K = K, both have derivatives in closed form.
"""

from __future__ import annotations

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare
from nwlab.model.randomness import exp
from nwlab.model.tangent.columns import ETA_D, ETA_P, LN_KD0, LN_KP0, SPREAD_D, SPREAD_P


@bare
def moved(up: float, down: float, duration: float, state: float, is_legacy: bool) -> tuple[float, float, float, float]:
    """Return the state after `duration` s, and its derivatives by state, ln K_P and ln K_D."""
    rate = up + down
    goal = up / rate
    kept = exp(-rate * duration)
    turn = goal * (1.0 - goal)
    if is_legacy:
        part = (1.0 - goal) * kept
        fade, shift = part * state * duration, turn * (1.0 - kept * state)
        return goal + part * state, part, shift - fade * up, -shift - fade * down
    away = state - goal
    fade, shift = away * kept * duration, (1.0 - kept) * turn
    return goal + away * kept, kept, shift - fade * up, -shift - fade * down


@bare
def explicit(
    tangent: FloatArray, place: int, by_up: float, by_down: float, drop: float, normal_p: float, normal_d: float
) -> None:
    """Add what the parameters themselves do to a state; its row of columns begins at `place`."""
    tangent[place + LN_KP0] += by_up
    tangent[place + LN_KD0] += by_down
    tangent[place + ETA_P] += by_up * drop
    tangent[place + ETA_D] -= by_down * drop
    tangent[place + SPREAD_P] += by_up * normal_p
    tangent[place + SPREAD_D] += by_down * normal_d
