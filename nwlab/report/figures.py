"""The pictures of a report, each for white and for dark ground, and in words."""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass

from nwlab.plot.course import Course
from nwlab.plot.loops import SAMPLES, Loops, swept
from nwlab.plot.style import DARK, LIGHT
from nwlab.report import wording
from nwlab.report.digest import Digest
from nwlab.report.markup import Markup, element
from nwlab.report.numbers import Numbers
from nwlab.report.steps import stretches

_TOLD = 8  # curves that are told in words; the tables tell all


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture."""

    name: str  # ends the name of the file beside the report
    caption: str
    words: str  # for who cannot see it
    light: bytes  # PNG
    dark: bytes  # PNG


def pictures(digest: Digest) -> list[Picture]:
    """Draw what there is to draw; nothing without samples."""
    if not digest.drawn:
        return []
    course = Course(digest.run, digest.drawn, stretches(digest.steps))
    found = [Picture("trace", _caption(digest, course), _words(digest), course.png(LIGHT), course.png(DARK))]
    if any(map(swept, digest.drawn)):
        found.append(_loops(digest))
    return found


def section(drawn: list[Picture]) -> Markup:
    """Return the pictures, each in two looks; the style sheet shows the one that the screen, or paper, asks for."""
    return Markup("".join(_figure(picture) for picture in drawn))


def _loops(digest: Digest) -> Picture:
    loops = Loops(digest.run, digest.drawn)
    caption = "Current over voltage where the level was swept, on a linear and on a logarithmic scale"
    caption += f"; the last {SAMPLES:,} samples." if loops.is_cut else "."
    told = [
        f"{each.name}: up to {wording.quantity(each.current, 'A')} within {wording.quantity(each.voltage, 'V')}"
        for each, curve in zip(digest.numbers, digest.drawn, strict=True)
        if swept(curve)
    ]
    words = f"Current over voltage. {'. '.join(told[:_TOLD])}."
    return Picture("loops", caption, words, loops.png(LIGHT), loops.png(DARK))


def _figure(picture: Picture) -> Markup:
    width, height = _size(picture.light)
    looks = [
        element("img", src=_data(png), alt=picture.words, width=width, height=height, class_=look)
        for look, png in (("light", picture.light), ("dark", picture.dark))
    ]
    return element("figure", *looks, element("figcaption", picture.caption))


def _data(png: bytes) -> Markup:
    return Markup(f"data:image/png;base64,{base64.b64encode(png).decode()}")


def _size(png: bytes) -> tuple[int, int]:
    """Width and height stand in the first chunk of a PNG."""
    return int.from_bytes(png[16:20], "big"), int.from_bytes(png[20:24], "big")


def _caption(digest: Digest, course: Course) -> str:
    parts = [
        "Conductance, voltage and current over time" if course.has_conductance else "Voltage and current over time"
    ]
    if course.is_logarithmic:
        parts.append("conductance also on a logarithmic scale")
    if any(each.limited for each in digest.numbers):
        parts.append("shaded where a source's limit acted")
    return "; ".join(parts) + ". G₀ = 2e²/h = 77.48 µS."


def _words(digest: Digest) -> str:
    told = [_told(each) for each in digest.numbers[:_TOLD]]
    if len(digest.numbers) > _TOLD:
        told.append(f"{len(digest.numbers) - _TOLD} more curves")
    return f"Curves over {wording.lasting(digest.duration)}. " + ". ".join(told) + "."


def _told(found: Numbers) -> str:
    if math.isnan(found.final):
        return f"{found.name}: current up to {wording.quantity(found.current, 'A')}"
    return (
        f"{found.name}: conductance begins at {wording.quantity(found.first, 'S')}, ends at "
        f"{wording.quantity(found.final, 'S')}, between {wording.quantity(found.smallest, 'S')} and "
        f"{wording.quantity(found.largest, 'S')}"
    )
