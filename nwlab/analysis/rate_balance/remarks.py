"""What a record of the stochastic law cannot tell, and what it would take."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.analysis.fit import Estimate
from nwlab.analysis.rate_balance.all_levels import NAMES, OWN, Whole
from nwlab.analysis.rate_balance.chance import RATE, READ, SMALLEST
from nwlab.analysis.rate_balance.one_level import Level
from nwlab.analysis.rate_balance.pieces import Steps
from nwlab.core.units import duration, show

_LOOSE = 0.1
"""A relative error of θ that is worth a remark."""
_WORTH = 0.5
"""What calibration adds to an error, over that error, that is."""
_FAST = 3.0
"""Relaxations per step of which hardly anything is left to be read."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """Where the bounds of the conductance come from; None = fitted."""

    g_min: float | None  # S
    g_max: float | None  # S
    chosen: tuple[str, ...]  # neither given nor found
    given: tuple[str, ...]
    ended: tuple[str, ...] = ()  # numbers of the law that ended at the least or the most that they may be
    vague: tuple[str, ...] = ()  # rates that are told to a factor only

    def sd(self, key: str, sd: float) -> float:
        """Return the standard error to tell: infinite for what is not told by the record, NaN for what was given."""
        return float("nan") if key in self.given else float("inf") if key in self._untold else sd

    @property
    def _untold(self) -> tuple[str, ...]:
        return (*self.chosen, *self.ended, *self.vague)


def remarks(steps: Steps, levels: Sequence[Level], whole: Whole, bounds: Bounds) -> tuple[str, ...]:
    """Return all that apply."""
    return (
        *_on_climb(whole),
        *_on_voltages(levels, whole, bounds),
        *(_on_rate(level) for level in levels if level.log_rate_sd > _LOOSE),
        *_on_jumps(steps, whole),
        *_on_read_noise(whole),
        *_on_ends(whole, bounds),
    )


def on_calibration(parameters: Mapping[str, Estimate], calibration: Mapping[str, float]) -> tuple[str, ...]:
    """Return what the calibration of a meter adds to the errors, where that is much."""
    found = [
        f"{key} ± {show(sd, 'S', 2) if NAMES.get(key, 'S') == 'S' else f'{sd:.2g} {NAMES[key]}'}"
        for key, sd in calibration.items()
        if 0 < parameters[key].sd < min(sd / _WORTH, np.inf)
    ]
    text = "errors are those of chance; the calibration of a meter, within its data sheet, may add"
    return (f"{text} {', '.join(found)}",) if found else ()


def _on_climb(whole: Whole) -> list[str]:
    if whole.falls_short:
        text = (
            f"no law was found that fits all voltages: its log likelihood is {whole.lost:.3g} below that of each "
            f"voltage by itself, where {whole.to_lose:.3g} may be chance; do not use these numbers, fit fewer voltages "
            "together"
        )
        return [text]
    if not whole.optimum.converged:
        return ["the search for the largest likelihood did not come to its end: the numbers may be off by some errors"]
    return []


def _on_ends(whole: Whole, bounds: Bounds) -> list[str]:
    """What ended at a bound, or anywhere, and is not told of elsewhere."""
    values = dict(zip(NAMES, whole.told(whole.optimum.corrected), strict=False))
    found = [
        f"{key} ended at {show(float(values[key]), 'S') if NAMES[key] == 'S' else f'{values[key]:.4g}'}, as far as it "
        "may go: the record does not tell it"
        for key in bounds.ended
        if key not in ("read_noise", "jump_smallest")
    ]
    if bounds.vague:
        names, verb = " and ".join(bounds.vague), "is" if len(bounds.vague) == 1 else "are"
        found.append(f"{names} {verb} not told, not even to a factor of 7; hold more voltages at which θ can be told")
    return found


def _on_voltages(levels: Sequence[Level], whole: Whole, bounds: Bounds) -> list[str]:
    found: list[str] = []
    if len(levels) == 1:
        found.append(
            f"only {show(levels[0].voltage, 'V')} was held: this fixes θ and the attractor there, and nothing "
            "elsewhere; eta_p and eta_d are set to 0"
        )
    elif len(levels) == 2:
        kept = " and ".join(filter(None, (_listed(bounds.chosen, "chosen"), _listed(bounds.given, "given"))))
        found.append(
            f"two voltages fix the four rate constants beside {kept} only: their errors are those beside that choice, "
            "and their form is not tested; hold a third voltage"
        )
    if bounds.chosen:
        names = " and ".join(bounds.chosen)
        found.append(
            f"{names} cannot be told from {_voltages(len(levels))} and {'is' if len(bounds.chosen) == 1 else 'are'} "
            f"chosen; give what you know with --set {bounds.chosen[-1]}=…"
        )
    lines = whole.lines
    if lines.freedom and lines.chi2 > lines.freedom + 3.5 * np.sqrt(2.0 * lines.freedom):
        found.append(
            f"ln K over voltage is not straight: weighted squares of {lines.chi2:.3g} for {lines.freedom} degrees of "
            "freedom; the law may not hold over all these voltages"
        )
    return found


def _listed(keys: Sequence[str], how: str) -> str:
    """Name the bounds of the conductance among what was chosen or given."""
    bounds = [key for key in ("g_min", "g_max") if key in keys]
    return f"the {' and '.join(bounds)} {how}" if bounds else ""


def _on_rate(level: Level) -> str:
    rate, sd = float(level.world.rate[0]), level.log_rate_sd
    at, held = show(level.voltage, "V"), level.guess.duration
    if rate * level.guess.step > _FAST:
        return (
            f"at {at} the chip relaxes faster than it was read: θ is at least about {_FAST / level.guess.step:.3g} /s"
        )
    if not np.isfinite(sd):
        return f"at {at} the chip hardly relaxes in {duration(held)}: θ is below about {1.0 / held:.2g} /s"
    needed = held * (sd / _LOOSE) ** 2
    return f"at {at} {duration(held)} fix θ to {100 * sd:.2g} % only; 10 % need about {duration(needed)}"


def _on_jumps(steps: Steps, whole: Whole) -> list[str]:
    chance, total = whole.chance, float(steps.duration.sum())
    size = show(chance.stated, "S", 3)
    if not chance.has_jumps:
        return [f"no jumps are clear from noise: above {size} fewer than {3.0 / total:.2g} /s, at 95 %"]
    optimum = whole.optimum
    rate = float(np.exp(optimum.corrected[OWN + RATE]))
    sd = float(np.sqrt(optimum.covariance[OWN + RATE, OWN + RATE])) * rate
    found = [
        f"jumps above {size} come at {rate:.3g} ± {sd:.2g} /s; smaller ones only by the law assumed",
        "jump_largest is the largest deviation of a step that was seen; larger jumps may be rarer than the record",
    ]
    if optimum.covariance[OWN + SMALLEST, OWN + SMALLEST] > 0.3**2 or optimum.at_bound[OWN + SMALLEST]:
        found.append("how small the smallest jumps are cannot be told: jump_rate and noise depend on it")
    return found


def _on_read_noise(whole: Whole) -> list[str]:
    if whole.chance.read is not None:
        return []
    optimum = whole.optimum
    variance, read = float(optimum.covariance[OWN + READ, OWN + READ]), float(optimum.corrected[OWN + READ])
    if optimum.at_bound[OWN + READ] or read < 2.0 * np.sqrt(variance):
        return ["read noise cannot be told from none"]
    return []


def _voltages(count: int) -> str:
    return "one voltage" if count == 1 else f"{count} voltages"
