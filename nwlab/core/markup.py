"""Facts as HTML, for notebooks: everything is escaped."""

from __future__ import annotations

import html
from collections.abc import Iterable

_LONGEST, _MOST = 400, 60  # letters of a fact, and facts


def escaped(text: str) -> str:
    """Return a text as HTML and XML can hold it; control characters, which neither may, become question marks."""
    return html.escape("".join(letter if letter.isprintable() else "?" for letter in text))


def card(title: str, facts: Iterable[tuple[str, str]], picture: str = "") -> str:
    """Return a title, a table of names and facts, and below it a picture that is markup already."""
    rows = [f"<tr>{_cell('th', name)}{_cell('td', fact)}</tr>" for name, fact in facts if fact]
    left_out = len(rows) - _MOST
    if left_out > 0:
        rows[_MOST:] = [f"<tr>{_cell('th', '')}{_cell('td', f'and {left_out} more')}</tr>"]
    return f"<div><strong>{escaped(title)}</strong><table>{''.join(rows)}</table>{picture}</div>"


def _cell(kind: str, text: str) -> str:
    shown = text if len(text) <= _LONGEST else f"{text[:_LONGEST]} …"
    return f'<{kind} style="text-align:left">{escaped(shown)}</{kind}>'
