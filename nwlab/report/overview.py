"""What was done, on what, when, and how it ended."""

from __future__ import annotations

from nwlab.report import wording
from nwlab.report.digest import Digest
from nwlab.report.markup import Markup, element, facts, join

EXIT_CODES = {
    0: "all well",
    1: "a fault of the program",
    2: "usage",
    3: "invalid file",
    4: "refused by a limit",
    5: "instrument or link fault",
    6: "storage fault",
    7: "safe state not confirmed",
    130: "interrupted",
    143: "ended by the system",
}
_SIMULATED = " at virtual:"
"""Part of an instrument's name in the record when it is simulated."""


def standing(digest: Digest) -> Markup:
    """Return how the run stands, in words, with a mark and a colour beside them."""
    run = digest.run
    if run.exit_code == 7:
        return _standing("bad", "✗", "The safe state was not confirmed", run.reason)
    if digest.was_cut_off:
        said = "the program that played it left no end. This is everything that was acknowledged until then."
        return _standing("bad", "✗", "Cut off", said)
    if run.status == "running":
        said = "this is what was on record at that time; make the report again when the run has ended."
        return _standing("open", "◐", f"Still running at {wording.moment(digest.made)}", said)
    if run.status == "finished":
        return _standing("good", "✓", "Finished")
    kind, mark = ("bad", "✗") if run.status == "failed" else ("open", "◐")
    return _standing(kind, mark, run.status.capitalize(), run.reason)


def section(digest: Digest) -> Markup:
    """Return the table of what was done, on what, when."""
    run, info = digest.run, digest.run.info
    rows: list[tuple[object, object]] = [
        ("Protocol", _named(info.name, digest.declared("protocol").get("about"))),
        ("Chip", _named(info.chip, digest.declared("chip").get("about"))),
        ("Terminals", ", ".join(run.terminals)),
        ("Bench", _named(info.bench, digest.declared("bench").get("about"))),
        ("Instruments", _instruments(digest)),
        ("Started", wording.moment(run.started)),
        ("Ended", wording.moment(run.ended)),
        ("Took", _took(digest)),
        ("Samples", f"{wording.count(run.samples, 'sample')} in {wording.count(len(run.drives), 'drive')}"),
        ("Exit code", _exit(run.exit_code)),
        ("Record", element("code", run.path.resolve().name)),
    ]
    return facts("What was done, on what, when", [row for row in rows if row[1]])


def _standing(kind: str, mark: str, said: str, more: str = "") -> Markup:
    head = element("strong", element("span", mark, aria_hidden="true"), f" {said}{':' if more else ''}")
    return element("p", head, f" {more}", class_=f"standing {kind}", role="status")


def _named(name: str, about: object) -> object:
    if not name:
        return ""
    return join([element("strong", name), f": {about}" if isinstance(about, str) and about else ""])


def _instruments(digest: Digest) -> str:
    info = digest.run.info
    if info.opened.get("model"):
        return "none: played on the chip's model alone"
    if not info.identities:
        return ""
    simulated = sum(_SIMULATED in name for name in info.identities)
    if info.opened.get("virtual") or simulated == len(info.identities):
        return "simulated"
    return f"real, {simulated} of {len(info.identities)} simulated" if simulated else "real"


def _took(digest: Digest) -> str:
    run = digest.run
    chip = f"{wording.lasting(digest.duration)} on the chip's clock"
    if run.started is None or run.ended is None:
        return chip
    return f"{wording.lasting((run.ended - run.started).total_seconds())}, {chip}"


def _exit(code: int | None) -> str:
    if code is None:
        return "none on record"
    return f"{code}: {EXIT_CODES[code]}" if code in EXIT_CODES else str(code)
