"""What the twin beside a run made of it, from its notes: how well it explained the readings, and what changed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nwlab.report import wording
from nwlab.runs.recording import Run

READY, SUMMARY, JUMP, ALARM, SKIPPED = "twin ready", "twin", "jump", "alarm", "twin skipped"
_TOLD = (READY, SUMMARY, JUMP, ALARM, SKIPPED)
_COUNTED = {JUMP: "probability", ALARM: "for steps"}
"""Kinds of notes of which a twin leaves many, and what marks them: alarms that name what has changed are rare."""
_LOST = ("dropped", "subscriber failed")
NO_ALARMS = "no alarms"
Note = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Changed:
    """Something about the chip is not as the twin's chip file says."""

    what: str
    time: float | None  # s since the first drive's start: when it was named first


@dataclass(frozen=True, slots=True)
class TwinDigest:
    """A twin's own view of its run; numbers that are not on record are None."""

    chip: str  # path of its chip file; empty where that is not on record
    filter: str
    residuals: int | None
    spread: float | None  # root mean square of the residuals: 1 if chip and model agree
    strange: float | None  # share of them beyond three standard deviations
    jumps: int | None
    alarms: Mapping[str, int]  # by what they are about
    changed: tuple[Changed, ...]
    windows: int | None  # of readings to which the law was fitted anew
    hidden: int | None  # readings of which their meter tells too little for that
    bent: int | None  # samples in which the film moved too far for that
    heard: int | None  # residuals that its alarms listened to, where they do not listen to all
    listens_after: int | None  # samples of a chip of which it knew nothing
    skipped: int  # samples that it could not keep up with
    lost: str  # why not all is on record that it would have told; empty when all is

    def lines(self) -> Iterator[tuple[str, str]]:
        """Yield name and text of what is to be told to a person."""
        yield "twin", f"{Path(self.chip).name or 'of a chip'}: {explained(self.residuals, self.spread, self.strange)}"
        jumps = [] if self.jumps is None else [wording.count(self.jumps, "jump")]
        yield "it saw", ", ".join([*jumps, raised(self.alarms) or self._silence()])
        if self.changed:
            yield "changed", ", ".join(f"{each.what}{_named(each.time)}" for each in self.changed)
        if self.windows is not None:
            yield "it re-fitted", refitted(self)
        if self.skipped:
            yield "it skipped", f"{wording.count(self.skipped, 'sample')}: it could not keep up"
        if self.lost:
            yield "twin lost", self.lost

    def _silence(self) -> str:
        """Say that no alarm was raised, and what that is worth."""
        if self.residuals is None:
            return f"{NO_ALARMS} on record until it ended"
        return unheard(self.residuals, self.heard, self.listens_after) or NO_ALARMS

    def content(self) -> dict[str, Any]:
        """Return the same for a script."""
        return {
            "chip": self.chip,
            "filter": self.filter,
            "residuals": self.residuals,
            "spread": self.spread,
            "share_beyond_3": self.strange,
            "jumps": self.jumps,
            "alarms": dict(self.alarms),
            "changed": [{"what": each.what, "time": each.time} for each in self.changed],
            "windows": self.windows,
            "hidden": self.hidden,
            "bent": self.bent,
            "heard": self.heard,
            "skipped": self.skipped,
            "lost": self.lost,
        }


def twin_of(run: Run) -> TwinDigest | None:
    """Return what the last twin of a run told; None for a run without one."""
    notes = [note for note in run.notes if isinstance(note["content"], Mapping)]
    first = max((place for place, note in enumerate(notes) if note["kind"] == READY), default=0)
    notes = notes[first:]  # a run that was continued has had another twin before
    if not any(note["kind"] in _TOLD for note in notes):
        return None
    ready, summary = (_last(notes, kind) for kind in (READY, SUMMARY))
    return TwinDigest(
        str(ready.get("chip", "")),
        str(ready.get("filter", "")),
        _count(summary.get("residuals")),
        _number(summary.get("root mean square")),
        _number(summary.get("share beyond 3")),
        _count(summary.get("jumps", _times(_of(notes, JUMP)) or None)),
        _alarms(summary.get("alarms"), _of(notes, ALARM)),
        tuple(_changed(_of(notes, ALARM), run.origin)),
        _count(summary.get("windows")),
        _count(summary.get("hidden")),
        _count(summary.get("bent")),
        _count(summary.get("heard")),
        _count(summary.get("listens after")),
        sum(_count(content.get("samples")) or 0 for content in _of(notes, SKIPPED)),
        "; ".join(dict.fromkeys(_losses(notes))),
    )


def is_counted(note: Note) -> bool:
    """Whether a note is one of a twin that may be one of many, which are better counted than read."""
    mark = _COUNTED.get(str(note["kind"]))
    return mark is not None and isinstance(note["content"], Mapping) and mark in note["content"]


def explained(residuals: int | None, spread: float | None, strange: float | None) -> str:
    """Say how well readings were explained."""
    if residuals is None:
        return "no summary of how well it explained the readings is on record"
    if spread is None:
        return "it had no reading to explain"
    share = "" if strange is None else f"{100 * strange:.2g}" if strange < 0.1 else f"{100 * strange:.0f}"
    beyond = share and f", {share} % beyond three standard deviations"
    return f"{wording.count(residuals, 'residual')} with a spread of {spread:.3g} (1 if chip and model agree){beyond}"


def refitted(told: TwinDigest) -> str:
    """Say how often the law was fitted anew; where never, what could not have been seen, and why."""
    if told.windows:
        return f"{wording.count(told.windows, 'window')} of readings, for θ, mean, σ and jump rate"
    readings, why = told.residuals or 0, "the readings do not fill a window"
    if 2 * (told.hidden or 0) > readings:
        why = (
            f"of {wording.count(told.hidden or 0, 'reading')} noise or offset of the meter's range hides the film; a "
            "smaller range, a longer aperture or a higher voltage shows it"
        )
    elif 2 * (told.bent or 0) > readings:
        why = (
            f"the current let the film move too far in {wording.count(told.bent or 0, 'sample')}; shorter ones show it"
        )
    return f"nothing, so that a change of θ would hardly show: {why}"


def unheard(residuals: int, heard: int | None, listens_after: int | None) -> str:
    """Say how much of a run alarms could have been raised in, where that is not all of it."""
    if heard is None or not listens_after or heard >= residuals:
        return ""
    rule = f"until it has found the chip's state, in up to {listens_after} samples, they do not listen"
    seen = f"{NO_ALARMS} in {wording.count(heard, 'residual')}" if heard else "nothing that could have raised an alarm"
    return f"{seen}: {rule}"


def raised(alarms: Mapping[str, Any]) -> str:
    """Say how many alarms there were, and about what; nothing where there was none."""
    kinds = ", ".join(f"{times} {kind}" for kind, times in alarms.items())
    total = sum(_count(times) or 0 for times in alarms.values())
    return f"{wording.count(total, 'alarm')} ({kinds})" if total else ""


def _of(notes: Sequence[Note], kind: str) -> list[Note]:
    return [note["content"] for note in notes if note["kind"] == kind]


def _last(notes: Sequence[Note], kind: str) -> Note:
    return next(reversed(_of(notes, kind)), {})


def _alarms(summary: Any, told: Sequence[Note]) -> dict[str, int]:
    """Return how many alarms were raised: as the twin counted them, or, without that, as it told them."""
    if isinstance(summary, Mapping):
        return {str(kind): _count(times) or 0 for kind, times in summary.items()}
    kinds = dict.fromkeys(str(content.get("kind", "of some kind")) for content in told)
    return {kind: _times([content for content in told if content.get("kind") == kind]) for kind in kinds}


def _changed(alarms: Sequence[Note], origin: float) -> Iterator[Changed]:
    first: dict[str, Note] = {}
    for content in alarms:
        if "what" in content:
            first.setdefault(str(content["what"]), content)
    for name, content in first.items():
        time = _number(content.get("time"))
        yield Changed(name, None if time is None else time - origin)


def _losses(notes: Sequence[Note]) -> Iterator[str]:
    for note in notes:
        content = note["content"]
        if note["kind"] in _LOST and content.get("subscriber") == "twin":
            yield str(content.get("because") or content.get("error") or note["kind"])
        elif note["kind"] == SKIPPED and "samples" not in content:
            yield str(content.get("because", ""))


def _named(time: float | None) -> str:
    return "" if time is None else f" (first named at {wording.lasting(time)})"


def _times(told: Sequence[Note]) -> int:
    """Return how often something was so: a note may stand for many."""
    return sum(_count(content.get("times")) or 1 for content in told)


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _number(value: Any) -> float | None:
    is_number = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    return float(value) if is_number else None
