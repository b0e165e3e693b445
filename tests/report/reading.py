"""A report as a browser takes it apart: elements, what they say, and whatever would reach outside."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path

VOID = {"img", "meta", "br"}


class Reading(HTMLParser):
    """Reads a page; an element that is not closed in order is an AssertionError."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.rows: list[list[str]] = []
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {key: value or "" for key, value in attrs}))
        if tag not in VOID:
            self._open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")
        if tag == "br":
            self.rows[-1][-1] += "\n"

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self._open:
            self.texts.append(data)
        if "td" in self._open or "th" in self._open:
            self.rows[-1][-1] += data

    @property
    def text(self) -> str:
        """All that is read."""
        return "\n".join(each for each in self.texts if each.strip())

    def all(self, tag: str) -> list[dict[str, str]]:
        """The attributes of all elements of a kind."""
        return [attributes for name, attributes in self.elements if name == tag]

    def row(self, first: str) -> list[str]:
        """What a table says beside a name."""
        return next(row[1:] for row in self.rows if row[0] == first)

    def sections(self) -> list[str]:
        """The ids of the sections."""
        return [attributes["id"] for attributes in self.all("section")]


def read(path: Path) -> Reading:
    """Read a report and see that it is whole and reaches nowhere."""
    page = path.read_text("utf-8")
    found = Reading(page)
    assert page.startswith("<!DOCTYPE html>")
    assert not {"script", "link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in found.elements}
    assert not [key for _, attributes in found.elements for key in attributes if key.startswith("on")]
    for image in found.all("img"):
        assert image["src"].startswith("data:image/png;base64,")
        assert len(image["alt"]) > 20
    assert all(link["href"].removeprefix("#") in found.sections() for link in found.all("a"))
    style = page[page.index("<style>") : page.index("</style>")]
    assert "url(" not in style
    assert "@import" not in style
    assert all("scope" in each for each in found.all("th"))
    assert len(found.all("table")) == len(found.all("caption"))
    return found
