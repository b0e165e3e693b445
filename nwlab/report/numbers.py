"""What was measured in numbers: one row for each pair of terminals that was forced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.plot.views import Curve, ends
from nwlab.report import wording
from nwlab.report.markup import Markup, element, join, table
from nwlab.report.steps import ROWS

_NONE = float("nan")


@dataclass(frozen=True, slots=True)
class Numbers:
    """One pair of terminals. Conductances in S are NaN where none was measured, as by an ammeter."""

    name: str
    forced: str  # "voltage", "current" or both
    samples: int
    first: float
    final: float
    median: float
    quartiles: tuple[float, float]
    smallest: float
    largest: float
    voltage: float  # V: largest magnitude
    current: float  # A: largest magnitude
    limited: int  # samples in compliance
    limited_time: float  # s
    held: float  # s for which levels stood in all
    overflow: int  # samples


def numbers(curve: Curve) -> Numbers:
    """Return the numbers of one curve."""
    known = curve.conductance[np.isfinite(curve.conductance)]
    low, median, high = np.percentile(known, [25, 50, 75]) if known.size else (_NONE,) * 3
    lasted = ends(curve) - curve.start
    kinds = np.unique(curve.quantity)
    return Numbers(
        curve.name,
        " and ".join(("voltage", "current")[int(kind)] for kind in kinds),
        curve.time.size,
        float(known[0]) if known.size else _NONE,
        float(known[-1]) if known.size else _NONE,
        float(median),
        (float(low), float(high)),
        float(known.min()) if known.size else _NONE,
        float(known.max()) if known.size else _NONE,
        _largest(curve.voltage),
        _largest(curve.current),
        int(curve.in_compliance.sum()),
        float(np.nansum(lasted[curve.in_compliance])),
        float(np.nansum(lasted)),
        int(curve.overflow.sum()),
    )


def section(found: Sequence[Numbers]) -> Markup:
    """Return the tables of conductance and of what acted on the chip; nothing without samples."""
    if not found:
        return Markup()
    shown, parts = found[:ROWS], list[Markup]()
    if any(np.isfinite(each.final) for each in shown):
        parts.append(_conductances(shown))
    parts.append(_extremes(shown))
    if len(found) > ROWS:
        parts.append(element("p", f"… and {len(found) - ROWS} more pairs of terminals; an export has them all."))
    return join(parts)


def _conductances(found: Sequence[Numbers]) -> Markup:
    head = ("Terminals", "In the end", "Median", "Middle half", "Smallest", "Largest")
    rows = [
        (
            each.name,
            wording.conductance(each.final),
            wording.conductance(each.median),
            wording.span(*each.quartiles, "S"),
            wording.quantity(each.smallest, "S"),
            wording.quantity(each.largest, "S"),
        )
        for each in found
        if np.isfinite(each.final)
    ]
    about = (
        "Current over voltage, wherever a level other than zero was forced. Half of all samples lie in the middle half."
    )
    return join([table("Conductance", head, rows, numeric=range(1, 6)), element("p", about, class_="remark")])


def _extremes(found: Sequence[Numbers]) -> Markup:
    head = ("Terminals", "Forced", "Samples", "Largest voltage", "Largest current", "In compliance", "Overflow")
    rows = [
        (
            each.name,
            each.forced,
            each.samples,
            wording.quantity(each.voltage, "V"),
            wording.quantity(each.current, "A"),
            _limited(each),
            wording.count(each.overflow, "sample") if each.overflow else "none",
        )
        for each in found
    ]
    return table("Samples and extremes", head, rows, numeric=range(2, 7))


def _limited(found: Numbers) -> str:
    if not found.limited:
        return "never"
    return f"{wording.lasting(found.limited_time)} of {wording.lasting(found.held)}"


def _largest(values: FloatArray) -> float:
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else _NONE
