"""Settings, identities, versions, and the files as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from nwlab.core.record import Document
from nwlab.report import wording
from nwlab.report.digest import Digest
from nwlab.report.markup import Markup, element, facts, folded, join, listing, table

_LONGEST = 200_000
"""Letters of a file that are shown."""


def section(digest: Digest) -> Markup:
    """Return parameters, seed, identities and versions, each as far as it is on record."""
    info = digest.run.info
    parts = [_parameters(digest), facts("Seed and origin", _origin(digest))]
    if info.identities:
        parts.append(facts("Instruments and what they said they are", info.identities.items()))
    if info.versions:
        parts.append(facts("Versions", info.versions.items()))
    return join(parts)


def documents(digest: Digest) -> Markup:
    """Return the files of the run, folded."""
    return join(_document(name, each) for name, each in digest.run.info.documents.items())


def parameters(digest: Digest) -> Mapping[str, Mapping[str, Any]]:
    """Return what the protocol's file says about its parameters; empty where it says nothing."""
    declared = digest.declared("protocol").get("parameters")
    tables = declared if isinstance(declared, Mapping) else {}
    return {str(name): each for name, each in tables.items() if isinstance(each, Mapping)}


def _parameters(digest: Digest) -> Markup:
    given, declared = digest.run.info.parameters, parameters(digest)
    if not given:
        return Markup()
    rows = [(name, each, *_declared(declared.get(name, {}))) for name, each in given.items()]
    return table("Parameters", ("Parameter", "Value", "In the file", "Bounds", "Meaning"), rows)


def _declared(entry: Mapping[str, Any]) -> tuple[object, object, object]:
    low, high = entry.get("min"), entry.get("max")
    bounds = [f"at least {low}"] * (low is not None) + [f"at most {high}"] * (high is not None)
    return entry.get("value", wording.NOTHING), ", ".join(bounds) or wording.NOTHING, entry.get("help", "")


def _origin(digest: Digest) -> list[tuple[object, object]]:
    info = digest.run.info
    asked = {name: each for name, each in info.opened.items() if each not in (None, False)}
    rows: list[tuple[object, object]] = [] if info.seed is None else [("seed", info.seed)]
    rows += [(f"asked for: {name}", wording.value(each)) for name, each in asked.items()]
    return [*rows, ("report made", wording.moment(digest.made))]


def _document(name: str, document: Document) -> Markup:
    lines = document.text.count("\n") + 1
    summary = join([element("strong", name), f": {document.path} ({wording.count(lines, 'line')})"])
    cut = len(document.text) > _LONGEST
    rest = element("p", "… the rest stands in run.json.") if cut else ""
    return folded(summary, listing(document.text[:_LONGEST]), rest)
