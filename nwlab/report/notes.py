"""What was noted beside the samples: pauses, steps of the clock, gaps, alarms, and results of steps and analyses."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from nwlab.core.result import RESULT, told
from nwlab.report import twin, wording
from nwlab.report.digest import Digest
from nwlab.report.markup import Markup, element, facts, join, table
from nwlab.report.steps import ROWS

RESULTS = (RESULT, "results")
"""Kinds of notes that hold what a step or an analysis found."""
TRACEBACK = "traceback"
"""Kind of the note that a fault of the program leaves."""
Note = Mapping[str, Any]


def results(digest: Digest) -> Markup:
    """Return what steps and the analysis found, with errors; nothing when nothing is on record."""
    found = [note for note in digest.run.notes if note["kind"] in RESULTS]
    return join(_result(_content(note)) for note in found[:ROWS])


def section(digest: Digest) -> Markup:
    """Return what a twin made of the run, and the table of everything else that was noted, in its order."""
    notes = [note for note in digest.run.notes if note["kind"] not in (*RESULTS, TRACEBACK)]
    notes = [note for note in notes if not twin.is_counted(note)]
    rows = [(*_when(note, digest.run.started), str(note["kind"]), said(note)) for note in notes[:ROWS]]
    more = element("p", f"… and {len(notes) - ROWS} more, in the record.") if len(notes) > ROWS else ""
    head = ("Time", "After", "What", "Told")
    return join([_twin(digest), table("Noted while it ran", head, rows, numeric=(1,)) if rows else "", more])


def _twin(digest: Digest) -> Markup:
    told = twin.twin_of(digest.run)
    if told is None:
        return Markup()
    return facts("What its twin made of it", [(name.capitalize(), text) for name, text in told.lines()])


def _result(content: Note) -> Markup:
    name = str(content.get("name", "Results"))
    return facts(name, [(key, _number(each)) for key, each in _without_name(content).items()])


def _without_name(content: Note) -> Note:
    return {key: each for key, each in content.items() if key != "name"}


def _number(found: Any) -> str:
    """A number with its error and unit, where the result says them."""
    number: Any = found.get("value") if isinstance(found, Mapping) else None
    if not isinstance(number, int | float):
        return wording.value(found)
    unit, error = str(found.get("unit", "1")), found.get("error")
    if isinstance(error, int | float):
        return wording.measured(number, error, unit)
    return wording.quantity(number, unit, 6)


def _when(note: Note, started: datetime | None) -> tuple[str, str]:
    at = wording.parsed(note["at"])
    if at is None:
        return str(note["at"]), wording.NOTHING
    try:
        after = wording.lasting((at - started).total_seconds()) if started is not None else wording.NOTHING
    except TypeError:  # one of the two has no offset
        after = wording.NOTHING
    return wording.moment(at), after


def said(note: Note) -> str:
    """Return what was noted, in one line."""
    content = _content(note)
    text = content.get("text")
    if isinstance(text, str):
        last = text.strip().rpartition("\n")[2]
        return wording.value(last if note["kind"] == TRACEBACK else " ".join(text.split()))
    try:
        say = _WORDS.get(str(note["kind"]))
        return wording.value(note["content"]) if say is None else say(content)
    except (KeyError, TypeError, ValueError):  # a note of that kind that somebody else wrote
        return wording.value(note["content"])


def _content(note: Note) -> Note:
    content = note["content"]
    return content if isinstance(content, Mapping) else {"content": content}


def _clock(content: Note) -> str:
    way = "forward" if content["s"] > 0 else "back"
    return (
        f"the time of day was set {way} by {wording.lasting(abs(content['s']))}, or the computer slept; "
        "the samples' times do not depend on it"
    )


def _resumed(content: Note) -> str:
    remark = f"; {content['remark']}" if content.get("remark") else ""
    return (
        f"continues {content['from']}: {wording.count(content['samples'], 'sample')} of it come first; nothing was "
        f"played for {wording.lasting(content['gap'])}{remark}"
    )


def _ready(content: Note) -> str:
    by = f", filter {content['filter']}: {content['corrects by']}" if "corrects by" in content else ""
    return f"the twin of {Path(content['chip']).name} was ready to follow{by}"


def _summary(content: Note) -> str:
    jumps = f"; {wording.count(content['jumps'], 'jump')}" if "jumps" in content else ""
    spread, strange = content["root mean square"], content["share beyond 3"]
    heard = twin.unheard(content["residuals"], content.get("heard"), content.get("listens after"))
    alarms = twin.raised(content["alarms"]) or heard or twin.NO_ALARMS
    return f"{twin.explained(content['residuals'], spread, strange)}{jumps}; {alarms}"


def _jump(content: Note) -> str:
    sure = f"{100 * content['probability']:.4g} %"
    return f"the chip jumped before sample {content['step']} of drive {content['drive']}, with a probability of {sure}"


def _skipped(content: Note) -> str:
    match content:
        case {"samples": samples}:
            what = wording.count(samples, "sample")
        case {"drive": drive, "step": step}:
            what = f"drive {drive} from sample {step} on"
        case {"drive": drive}:
            what = f"drive {drive}"
        case _:
            what = "all of it"
    return f"the twin left out {what}: {content['because']}"


def _dropped(content: Note) -> str:
    if "because" in content:
        return f"{content['subscriber']}: {content['because']}; what it would still have told is not on record"
    return f"{content['subscriber']} was too slow for {wording.count(content['events'], 'event')}"


_WORDS: Mapping[str, Callable[[Note], str]] = {
    "pausing": lambda content: f"a pause was asked for after {wording.count(content['drives'], 'drive')}",
    "paused": lambda content: f"nothing was played for {wording.lasting(content['s'])}, the chip at rest",
    "clock step": _clock,
    "resumed": _resumed,
    RESULT: lambda content: f"{content['name']}: {told(_without_name(content))}",
    "asked": lambda content: f"the protocol asked its twin: {content['text']}",
    "dropped": _dropped,
    "subscriber failed": lambda content: f"{content['subscriber']}: {content['error']}; the run was not harmed",
    twin.READY: _ready,
    twin.SUMMARY: _summary,
    twin.JUMP: _jump,
    twin.SKIPPED: _skipped,
}
