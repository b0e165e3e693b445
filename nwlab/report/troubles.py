"""What went wrong or was made to go wrong, and the safe state as it was read back."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nwlab.report import wording
from nwlab.report.digest import Digest
from nwlab.report.markup import Markup, element, folded, join, listing, table, text
from nwlab.report.notes import TRACEBACK
from nwlab.report.steps import ROWS

BENCH_LOG = "bench.log"
"""JSON lines that a bench in a process of its own leaves beside the record."""
_LOG_BYTES = 1 << 20  # of a log that are read, its end


def faults(digest: Digest) -> Markup:
    """Return what was dropped, which faults were planted, and where the program failed; nothing when all went well."""
    run = digest.run
    told: list[object] = []
    if run.dropped:
        told.append(element("p", element("strong", "Damaged record: "), str(run.dropped)))
    if "faults" in run.info.documents:
        path = run.info.documents["faults"].path
        told.append(element("p", element("strong", "Planted faults: "), f"this run was played with {path}."))
    told += [
        folded("Traceback", listing(str(note["content"].get("text", ""))))
        for note in run.notes
        if note["kind"] == TRACEBACK and isinstance(note["content"], Mapping)
    ]
    return join(told)


def safe_state(digest: Digest) -> Markup:
    """Return what the bench read back when it made safe; nothing when no log says so."""
    lines = list(_log(digest.run.path / BENCH_LOG))
    if not lines:
        return Markup()
    head = ("Time", "What", "Why", "Read back")
    return table("Safe state as it was read back", head, [_row(line) for line in lines[-ROWS:]])


def _row(line: Mapping[str, Any]) -> tuple[object, ...]:
    failures, found = _lines(line.get("failures")), _lines(line.get("found"))
    back = [element("strong", f"NOT confirmed: {each}") for each in failures] + [text(each) for each in found]
    at = wording.parsed(line.get("at"))
    what = str(line.get("what", wording.NOTHING))
    why = str(line.get("cause") or line.get("error") or wording.NOTHING)
    return wording.moment(at), what, why, join(back, "<br>") if back else wording.NOTHING


def _lines(content: Any) -> list[str]:
    return [str(each) for each in content] if isinstance(content, list) else []


def _log(path: Path) -> Iterator[Mapping[str, Any]]:
    """Yield the lines of a log as far as they can be read."""
    try:
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LOG_BYTES))
            lines = file.read().splitlines()
    except OSError:
        return
    for line in lines:
        try:
            content = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(content, dict):
            yield content
