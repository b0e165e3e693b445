"""The steps of a protocol as they were played: when, how often, and what was forced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.plot.course import Stretch
from nwlab.plot.views import Curve, ends
from nwlab.report import wording
from nwlab.report.markup import Markup, element, join, table, text
from nwlab.runs.played import PlayedDrive
from nwlab.runs.recording import Run

ROWS = 200
"""Rows of a table at most; what is left out is told, and stands in the record."""
_FORCES = 4  # told of one step


@dataclass(slots=True)
class Step:
    """Drives one after the other that one step of a protocol made."""

    label: str
    first: int  # index of its first drive
    drives: int = 0
    samples: int = 0
    begin: float = float("nan")  # s since the first drive's start
    end: float = float("nan")  # s
    compliance: dict[tuple[int, int], set[float]] = field(default_factory=dict[tuple[int, int], set[float]])
    """Limits in A or V by terminal at HI and at LO; -1 = common."""
    ground: set[int] = field(default_factory=set[int])

    def take(self, played: PlayedDrive) -> None:
        """Add a drive."""
        self.drives += 1
        self.samples += played.samples
        self.ground |= _grounded(played)
        for force in played.line["forces"]:
            low = -1 if force["low"] is None else force["low"]
            self.compliance.setdefault((force["terminal"], low), set()).add(float(force["compliance"]))


def steps_of(run: Run, drawn: Sequence[Curve]) -> list[Step]:
    """Return the steps in the order in which they were played."""
    found: list[Step] = []
    lasted: list[float] = []
    for played in run.drives:
        if not found or found[-1].label != played.label:
            found.append(Step(played.label, played.index))
        found[-1].take(played)
        lasted.append(_asked(played) if played.finished else 0.0)
    begin, end = _times(lasted, drawn)
    for step in found:
        last = step.first + step.drives - 1
        step.begin, step.end = float(begin[step.first]), float(end[last])
    return found


def stretches(steps: Sequence[Step]) -> list[Stretch]:
    """Return the steps' parts of a time axis."""
    return [Stretch(step.label, step.begin, step.end) for step in steps if step.samples]


def section(run: Run, drawn: Sequence[Curve], steps: Sequence[Step]) -> Markup:
    """Return the table of the steps; nothing when there was none."""
    if not steps:
        return Markup()
    head = ("Step", "Begins after", "Lasts", "Drives", "Samples", "What was forced")
    rows = [_row(run, drawn, step) for step in steps[:ROWS]]
    more = element("p", f"… and {len(steps) - ROWS} more.") if len(steps) > ROWS else ""
    return join([table("Steps as they were played", head, rows, numeric=(1, 2, 3, 4)), more])


def _grounded(played: PlayedDrive) -> set[int]:
    ground = played.line.get("ground")
    return {each for each in ground if isinstance(each, int)} if isinstance(ground, list) else set()


def _asked(played: PlayedDrive) -> float:
    """Return how long a drive was to last in s, as far as its line says so."""
    duration = played.line.get("duration")
    return float(duration) if isinstance(duration, int | float) else 0.0


def _times(lasted: Sequence[float], drawn: Sequence[Curve]) -> tuple[FloatArray, FloatArray]:
    """Begin and end of each drive in s. One that forces nothing, a rest, begins with the end of the one before."""
    begin, end = np.full(len(lasted), np.nan), np.full(len(lasted), np.nan)
    for curve in drawn:
        first = np.flatnonzero(np.diff(curve.drive, prepend=-1))
        last = np.append(first[1:], curve.drive.size) - 1
        begin[curve.drive[first]] = curve.start[first]
        end[curve.drive[first]] = np.fmax(end[curve.drive[first]], ends(curve)[last])
    for index, asked in enumerate(lasted):
        if np.isnan(begin[index]):
            begin[index] = end[index - 1] if index else 0.0
        end[index] = np.fmax(end[index], begin[index] + asked)
    return begin, end


def _row(run: Run, drawn: Sequence[Curve], step: Step) -> tuple[object, ...]:
    begins, lasts = wording.lasting(step.begin), wording.lasting(step.end - step.begin)
    return step.label or wording.NOTHING, begins, lasts, step.drives, step.samples, _forced(run, drawn, step)


def _forced(run: Run, drawn: Sequence[Curve], step: Step) -> Markup:
    told = [line for curve in drawn if (line := _force(curve, step))]
    more = [f"… and {len(told) - _FORCES} more"] if len(told) > _FORCES else []
    ground = [run.terminals[each] for each in sorted(step.ground) if 0 <= each < len(run.terminals)]
    nothing = "no samples came back" if step.compliance else "nothing: the chip rests"
    lines = (told[:_FORCES] or [nothing]) + more + ([f"{', '.join(ground)}: grounded"] if ground else [])
    return join(map(text, lines), "<br>")


def _force(curve: Curve, step: Step) -> str:
    """What was forced by one curve in a step; empty when nothing was."""
    first, last = np.searchsorted(curve.drive, [step.first, step.first + step.drives])
    if first == last:
        return ""
    level, unit, other = curve.level[first:last], *(("A", "V") if curve.quantity[first] else ("V", "A"))
    limits = step.compliance.get(curve.pair, set())
    limit = f", at most {wording.span(min(limits), max(limits), other)}" if limits else ""
    return f"{curve.name}: {wording.span(float(level.min()), float(level.max()), unit)}{limit}"
