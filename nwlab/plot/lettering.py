"""What stands in words on a run's pictures. Names come from a record and are drawn as they are, whatever they say."""

from __future__ import annotations

import warnings
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal, Protocol

from nwlab.core.record import RunInfo
from nwlab.plot.style import Look, stroke
from nwlab.plot.views import Curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

_NAMED = 24
"""Curves that a legend names: as many as can be told apart."""
_LETTERS, _HANDLE = 110, 6  # in a line of a legend, and as many as a handle and the gaps beside it take


class Named(Protocol):
    """What a picture's title says of a run."""

    info: RunInfo

    @property
    def status(self) -> str:
        """How it ended."""
        ...

    @property
    def started(self) -> datetime | None:
        """When it began."""
        ...


def printable(text: str, most: int = 60) -> str:
    """Return a name that can be drawn in one line: without control characters, cut after `most` characters."""
    kept = "".join(letter if letter.isprintable() else " " for letter in text)
    return kept if len(kept) <= most else f"{kept[: most - 1]}…"


@contextmanager
def any_letters() -> Generator[None]:
    """While names are drawn: letters that the font lacks become boxes, without a word."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from", category=UserWarning)
        yield


def title(axes: Axes, run: Named, drawn: Sequence[Curve], look: Look) -> None:
    """Write above the first panel what was played, on what, when, and how it ended unless it finished."""
    info, started, status = run.info, run.started, run.status
    parts = [info.chip and f"chip {info.chip}", info.bench and f"bench {info.bench}"]
    parts.append(f"{started:%Y-%m-%d %H:%M %z}" if started else "")
    parts.append(drawn[0].name if len(drawn) == 1 else "")
    parts.append("" if status == "finished" else status)
    head = f"{printable(info.name)}\n"
    axes.set_title(head, loc="left", fontsize=12, fontweight="bold", parse_math=False)
    text = "  ·  ".join(printable(part, 30) for part in parts if part)
    axes.annotate(
        text, (0, 1), (0, 6), "axes fraction", "offset points", fontsize=8.5, color=look.quiet, parse_math=False
    )


@dataclass(frozen=True, slots=True)
class Legend:
    """Names of the curves, where there are several, and of the shade of compliance, where there is any."""

    handles: tuple[Line2D | Patch, ...]
    names: tuple[str, ...]

    @property
    def columns(self) -> int:
        """How many names go beside one another in a picture of 8 inches."""
        longest = max(map(len, self.names), default=0)
        return max(1, min(9, len(self.names), _LETTERS // (longest + _HANDLE)))

    @property
    def rows(self) -> int:
        """How many lines the names take."""
        return -(-len(self.names) // self.columns)

    def draw(self, figure: Figure, place: Literal["lower center", "outside lower center"]) -> None:
        """Write it, in the legend's place of that name; nothing when nothing needs a name."""
        if not self.names:
            return
        drawn = figure.legend(self.handles, self.names, loc=place, ncols=self.columns, frameon=False)
        for text in drawn.get_texts():
            text.set_parse_math(False)


def legend(drawn: Iterable[tuple[int, Curve]], look: Look, *, shaded: bool = True) -> Legend:
    """Return what names curves, each with its place among all, in a look, and with `shaded` the shade of compliance."""
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    every = list(drawn)
    named = every[:_NAMED] if len(every) > 1 else []
    handles: list[Line2D | Patch] = [Line2D([], [], **stroke(index, look)) for index, _ in named]
    names = [printable(curve.name, 24) for _, curve in named]
    if len(every) > _NAMED:
        handles.append(Line2D([], [], linestyle=""))
        names.append(f"… and {len(every) - _NAMED} more")
    if shaded and any(bool(each.in_compliance.any()) for _, each in every):
        handles.append(Patch(color=look.band))
        names.append("in compliance")
    return Legend(tuple(handles), tuple(names))
