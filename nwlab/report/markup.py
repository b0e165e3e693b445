"""HTML from values. Whatever is not markup already is escaped: names in a record may say anything."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Sequence

_VOID = frozenset({"img", "meta"})
_UNSAYABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]")
"""What must not stand in HTML, cannot be written as UTF-8, or turns the text around it."""


class Markup(str):
    """A text that is HTML already."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Return a value as HTML; markup stays what it is."""
    if isinstance(value, Markup):
        return value
    return Markup(html.escape(_UNSAYABLE.sub("\ufffd", str(value))))


def join(parts: Iterable[object], between: str = "") -> Markup:
    """Put parts one after the other."""
    return Markup(between.join(map(text, parts)))


def element(name: str, /, *inside: object, **attributes: object) -> Markup:
    """Return an element; an attribute's `_` becomes `-`, one at its end goes, and None leaves the attribute out."""
    said = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{text(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    return Markup(f"<{name}{said}>" if name in _VOID else f"<{name}{said}>{join(inside)}</{name}>")


def table(
    caption: str, head: Sequence[object], rows: Iterable[Sequence[object]], numeric: Sequence[int] = ()
) -> Markup:
    """Return a table whose first column names its rows; the columns `numeric` are set to the right."""
    kinds = ["number" if column in numeric else None for column in range(len(head))]
    above = [element("th", each, scope="col", class_=kind) for each, kind in zip(head, kinds, strict=True)]
    body = [_row(row, kinds) for row in rows]
    return _wide(
        caption,
        element("caption", caption),
        element("thead", element("tr", *above)),
        element("tbody", *body),
    )


def facts(caption: str, rows: Iterable[tuple[object, object]]) -> Markup:
    """Return a table of names and what they are."""
    body = [_row(row, (None, None)) for row in rows]
    return _wide(caption, element("caption", caption), element("tbody", *body), class_="facts")


def folded(summary: object, *inside: object) -> Markup:
    """Return what opens when its summary is clicked."""
    return element("details", element("summary", summary), *inside)


def listing(content: str) -> Markup:
    """Return a text as it stands, line by line."""
    return element("pre", element("code", content))


def _row(cells: Sequence[object], kinds: Sequence[str | None]) -> Markup:
    first = element("th", cells[0], scope="row", class_=kinds[0])
    others = [element("td", cell, class_=kind) for cell, kind in zip(cells[1:], kinds[1:], strict=True)]
    return element("tr", first, *others)


def _wide(caption: str, *inside: Markup, class_: str | None = None) -> Markup:
    """A table scrolls by itself on a narrow screen, also with the keyboard."""
    return element(
        "div", element("table", *inside, class_=class_), class_="wide", role="region", aria_label=caption, tabindex="0"
    )
