"""What a notebook shows, taken apart for tests."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from xml.etree import ElementTree as Xml

import numpy as np

SVG = "{http://www.w3.org/2000/svg}"
MOST = 200_000  # letters


class Table(HTMLParser):
    """Facts of a card by their name, and whether every element was closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.facts: dict[str, str] = {}
        self._open: list[str] = []
        self._cells: list[str] = []
        self.feed(text)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: object) -> None:
        self._open.append(tag)
        if tag in ("th", "td"):
            self._cells.append("")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag
        if tag == "tr":
            self.facts[self._cells[0]] = self._cells[1]
            self._cells = []

    def handle_data(self, data: str) -> None:
        if self._open[-1:] in (["th"], ["td"]):
            self._cells[-1] += data


def picture(text: str) -> Xml.Element:
    """The only SVG of a card, parsed."""
    (found,) = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    return Xml.fromstring(found)


def texts(svg: Xml.Element) -> list[str]:
    return ["".join(each.itertext()) for each in svg.iter(f"{SVG}text")]


def heights(line: str) -> np.ndarray:
    """The y of each point of a path."""
    return np.array([float(y) for _, y in re.findall(r"[ML]([\d.]+) ([\d.-]+)", line)])
