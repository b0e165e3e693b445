"""Records of the published stochastic chip whose truth is known, made by others than what identifies them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

import nwlab
from nwlab.analysis.recording import Trace
from nwlab.core.drive import FloatArray
from nwlab.model.jumps import Jumps
from nwlab.model.paths import path
from nwlab.model.rate_balance import RateBalance

STEP = 0.6295
"""s, of the published record."""
LAW = RateBalance(
    *(5.217037178270165e-4, 37.93422536389374, 1.2922282233062284, 1.785933208836627),
    *(1.4558148272052695e-7, 6.857961268862245e-5, 3.2e-4),
    Jumps(0.08243, 2.78, 6.3709e-4, 1.01940e-2),
)
CALM = replace(LAW, jumps=None)
SPAN = LAW.g_max - LAW.g_min
assert nwlab.load_chip("stochastic-2025").name


def step_sd(voltage: float, step: float = STEP) -> float:
    """The standard deviation of one transition in S."""
    rate = float(LAW.rate(voltage))
    return LAW.noise * SPAN * np.sqrt(-np.expm1(-2 * rate * step) / (2 * rate))


def held(
    law: RateBalance,
    samples: int,
    seed: int,
    *,
    read: float = 0.0,
    voltage: float = 3.6,
    times: FloatArray | None = None,
) -> Trace:
    """Hold one voltage from a stationary start; `read` is read noise in step sd, `times` (samples,) s may be uneven."""
    rng = np.random.default_rng(seed)
    times = STEP * np.arange(1.0, samples + 1) if times is None else times
    lengths = np.concatenate([np.full(300, STEP), np.diff(times, prepend=times[0] - STEP)])
    state = path(law, float(law.attractor(voltage)), np.full(lengths.size, voltage), lengths, rng)[300:]
    return seen(law.conductance(state) + read * step_sd(voltage) * rng.standard_normal(samples), times, voltage)


def seen(conductance: FloatArray, times: FloatArray, voltage: FloatArray | float) -> Trace:
    """Readings of no duration, as files of other programs have them."""
    volts = np.broadcast_to(np.asarray(voltage, dtype=np.float64), times.shape)
    return Trace(times, times, np.zeros(times.size), volts, conductance * volts)


def euler(law: RateBalance, voltages: FloatArray, fine: int, seed: int) -> FloatArray:
    """Conductance after each `STEP`, by Euler and Maruyama in `fine` steps each: no code of ours."""
    rng = np.random.default_rng(seed)
    assert law.jumps
    jumps, dt = law.jumps, STEP / fine
    state, out = float(law.attractor(voltages[0])), np.empty(voltages.size)
    for k, voltage in enumerate(voltages):
        up, down = law.kp0 * np.exp(law.eta_p * voltage), law.kd0 * np.exp(-law.eta_d * voltage)
        kicks = law.noise * np.sqrt(dt) * rng.standard_normal(fine)
        strikes = rng.random(fine) < jumps.rate * dt
        for kick, strike in zip(kicks, strikes, strict=True):
            state += (up - (up + down) * state) * dt + kick
            if strike:
                size = (jumps.smallest**-1.78 + rng.random() * (jumps.largest**-1.78 - jumps.smallest**-1.78)) ** (
                    -1 / 1.78
                )
                to_goal = 0.5 + (up / (up + down) - state) / (2 * (1 + 2 * jumps.largest))
                state += size if rng.random() < to_goal else -size
        out[k] = law.g_min + (law.g_max - law.g_min) * state
    return out


def rate_above(jumps: Jumps, size: float) -> float:
    """How often jumps above a size of the state come, in 1/s."""
    power = 1.0 - jumps.exponent
    top = jumps.largest**power
    return jumps.rate * (max(size, jumps.smallest) ** power - top) / (jumps.smallest**power - top)
