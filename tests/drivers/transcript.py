"""Transcripts as a lab notebook writes them: `>` to the instrument, `<` from it."""

from __future__ import annotations


def lines(text: str) -> list[tuple[str | bytes | None, str | bytes | None]]:
    """Turn a transcript into PyMeasure's pairs; `\\t` stands for a tab."""
    pairs: list[tuple[str | bytes | None, str | bytes | None]] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        direction, message = line[0], line[2:].replace("\\t", "\t")
        if direction == ">":
            pairs.append((message, None))
        else:
            pairs[-1] = (pairs[-1][0], message)
    return pairs
