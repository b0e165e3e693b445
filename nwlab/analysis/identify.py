"""Which laws can be fitted, and by which function."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module

from nwlab.analysis.fit import Fit
from nwlab.analysis.recording import Recording
from nwlab.core.errors import UsageError

LAWS = {
    "rate-balance": "nwlab.analysis.rate_balance.fitting:fit",
    "mean-field": "nwlab.analysis.network.mean_field:fit",
    "grid": "nwlab.analysis.network.grid:fit",
    "stretched": "nwlab.analysis.network.stretched:fit",
    "stretched-grid": "nwlab.analysis.network.grid:fit_spread",
    "contacts": "nwlab.analysis.network.contacts:fit",
}
"""Name of a law → module and function that fits it."""


@dataclass(frozen=True, slots=True)
class FitOptions:
    """What the person who asks for a fit says about it."""

    source: str | None = None  # terminal; None = found from the recording
    sink: str | None = None
    map: str = "exact"  # "exact" or "legacy", where the law has both
    given: Mapping[str, str] = field(default_factory=dict[str, str])  # parameter → value with unit: kept, not fitted
    seed: int = 0  # of starts drawn at random


FitLaw = Callable[[Sequence[Recording], FitOptions], Fit]


def fit_law(law: str, recordings: Sequence[Recording], options: FitOptions | None = None) -> Fit:
    """Fit one law to all recordings together; what their files lack is among the remarks.

    Raises UsageError for an unknown law, options that make no sense, and recordings that the law cannot explain.
    """
    if not recordings:
        raise UsageError("a fit needs at least one recording")
    options = options or FitOptions()
    if options.seed < 0:
        raise UsageError(f"a seed is a whole number of at least 0, not {options.seed}")
    fit = _function(law)(recordings, options)
    notes = [f"{recording.path.name}: {note}" for recording in recordings for note in recording.notes]
    return replace(fit, remarks=(*fit.remarks, *notes, *_repeated(recordings)))


def _repeated(recordings: Sequence[Recording]) -> list[str]:
    """Return a remark for each recording that was given before."""
    first = {each.fingerprint: each for each in reversed(recordings)}
    text = "is the same recording as {}: it counts as often as it is given, and errors come out too small"
    return [
        f"{each.path.name} {text.format(first[each.fingerprint].path)}"
        for each in recordings
        if each is not first[each.fingerprint]
    ]


def _function(law: str) -> FitLaw:
    if law not in LAWS:
        raise UsageError(f"there is no fit for a law {law!r}; known are {', '.join(LAWS)}")
    module, _, name = LAWS[law].partition(":")
    return getattr(import_module(module), name)
