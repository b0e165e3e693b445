"""Transcripts as a lab notebook writes them: `>` to the instrument, `<` from it; tags are filled in.

`> (back into step)` stands for what a driver says to prove its link.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from typing import TypeVar

from pymeasure.test import expected_protocol

from nwlab.drivers.tsp import TspInstrument

Pair = tuple[str | bytes | None, str | bytes | None]
Driver = TypeVar("Driver", bound=TspInstrument)

STEP = "(back into step)"


def lines(text: str) -> list[Pair]:
    """Turn a transcript into PyMeasure's pairs; `\\t` stands for a tab."""
    pairs: list[Pair] = []
    for line in filter(None, map(str.strip, text.splitlines())):
        direction, message = line[0], line[2:].replace("\\t", "\t")
        if direction == ">":
            pairs.append((message, None))
        else:
            pairs[-1] = (pairs[-1][0], message)
    return pairs


def tagged(pairs: Sequence[Pair]) -> Iterator[Pair]:
    """Put tags into questions and answers: `print(x)` goes as `print("1", x)`, a block comes after its tag's line."""
    identity, tag = next(answer for asked, answer in pairs if asked == "*IDN?"), 0
    for asked, answer in pairs:
        if asked == STEP:
            tag += 1
            yield "", None
            yield f'print("nwlab {tag}")', f"nwlab {tag}"
            yield "*IDN?", identity
        elif isinstance(asked, str) and "print(" in asked:
            tag += 1
            yield asked.replace("print(", f'print("{tag}", '), f"{tag}\t{answer}"  # type: ignore[str-bytes-safe]
        elif isinstance(asked, str) and "printbuffer(" in asked:
            tag += 1
            yield f'print("{tag}") {asked}', str(tag)
            yield None, answer
        else:
            yield asked, answer


def conversation(driver: type[Driver], pairs: Sequence[Pair], **options: object) -> AbstractContextManager[Driver]:
    """Let a driver hold exactly this conversation."""
    return expected_protocol(driver, list(tagged(pairs)), **options)  # type: ignore[arg-type]
