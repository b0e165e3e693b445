"""The page: all sections that have something to say, with everything they need inside."""

from __future__ import annotations

from pathlib import Path

from nwlab.report import again, figures, notes, numbers, overview, settings, steps, troubles, wording
from nwlab.report.digest import Digest
from nwlab.report.figures import Picture
from nwlab.report.markup import Markup, element, join

_NOTHING_LOADS = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
"""What a browser may do with the page: show it. Whatever stands in a record, no script runs and nothing is loaded."""


def page(digest: Digest, drawn: list[Picture]) -> str:
    """Return the report as HTML."""
    sections = _sections(digest, drawn)
    body = element("body", _header(digest), _contents(sections), element("main", *map(_section, sections)))
    return f"<!DOCTYPE html>\n{element('html', _head(digest), body, lang='en')}\n"


def style_sheet() -> Markup:
    """Return how the page looks: light and dark, on screen and on paper."""
    return Markup(Path(__file__).with_name("style.css").read_text("utf-8"))


def _sections(digest: Digest, drawn: list[Picture]) -> list[tuple[str, Markup]]:
    empty = element("p", "No samples are on record, so there is nothing to draw.")
    told = [
        ("Overview", overview.section(digest)),
        ("Traces", figures.section(drawn) or empty),
        ("Numbers", numbers.section(digest.numbers)),
        ("Results", notes.results(digest)),
        ("Steps", steps.section(digest.run, digest.drawn, digest.steps)),
        ("Faults", troubles.faults(digest)),
        ("Safe state", troubles.safe_state(digest)),
        ("Notes", notes.section(digest)),
        ("Settings", settings.section(digest)),
        ("Files", settings.documents(digest)),
        ("Again", again.section(digest)),
    ]
    return [(name, inside) for name, inside in told if inside]


def _head(digest: Digest) -> Markup:
    run = digest.run
    when = f"{run.started:%Y-%m-%d %H:%M}" if run.started else run.path.name
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", http_equiv="Content-Security-Policy", content=_NOTHING_LOADS),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", name="color-scheme", content="light dark"),
        element("title", f"{run.info.name or 'run'}, {when}: report"),
        element("style", style_sheet()),
    )


def _header(digest: Digest) -> Markup:
    run, info = digest.run, digest.run.info
    parts = [info.chip and f"chip {info.chip}", info.bench and f"bench {info.bench}"]
    parts.append(wording.moment(run.started) if run.started else "")
    about = element("p", " · ".join(filter(None, parts)), class_="about")
    return element("header", element("h1", info.name or run.path.name), about, overview.standing(digest))


def _contents(sections: list[tuple[str, Markup]]) -> Markup:
    links = [element("a", name, href=f"#{_anchor(name)}") for name, _ in sections]
    return element("nav", join(links, " "), aria_label="Contents")


def _section(named: tuple[str, Markup]) -> Markup:
    name, inside = named
    return element("section", element("h2", name), inside, id=_anchor(name))


def _anchor(name: str) -> str:
    return name.lower().replace(" ", "-")
