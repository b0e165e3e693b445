"""Shipped chips and scenes of what is done to them, for tests of what the window shows of a chip."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import numpy as np

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, RunStarted
from nwlab.core.reading import Reading
from nwlab.core.record import Document
from nwlab.live.chip.layout import ChipLayout, of_chip, sketch
from nwlab.live.scene.scene import Scene
from nwlab.model.chip_file import load_chip

CHIPS = Path(__file__).parents[2] / "instruments" / "chips"
OHM = 1e4


def document(name: str) -> Document:
    path = CHIPS / f"{name}.toml"
    return Document(str(path), path.read_text(encoding="utf-8"))


def terminals(name: str) -> tuple[str, ...]:
    return tuple(tomllib.loads(document(name).text)["terminals"])


@cache
def layout(name: str) -> ChipLayout:
    """The whole layout of a shipped chip."""
    names = terminals(name)
    return of_chip(load_chip(CHIPS / f"{name}.toml"), names) or sketch(document(name), names)


def volts(terminal: int, level: float, low: int | None = None) -> Force:
    return Force(terminal, Quantity.VOLTAGE, np.full(2, level), 1e-3, low)


def scene(
    names: tuple[str, ...], forces: Sequence[Force] = (), ground: tuple[int, ...] = (), limited: Sequence[int] = ()
) -> Scene:
    """A drive of two steps that has been measured; `limited` are the terminals in compliance."""
    shown = Scene()
    shown.take(RunStarted(names))
    if forces:
        drive = Drive(np.full(2, 0.1), tuple(forces), ground)
        shown.take(DriveStarted(0, drive, "step"))
        shown.take(BlockArrived(0, 0, _reading(drive, limited)))
    return shown


def _reading(drive: Drive, limited: Sequence[int]) -> Reading:
    onset, shape = np.cumsum(drive.dwell) - drive.dwell, (drive.steps, len(drive.forces))
    volt = np.stack([force.levels for force in drive.forces], axis=1)
    in_compliance = np.broadcast_to([force.terminal in limited for force in drive.forces], shape)
    middle = np.repeat((onset + drive.dwell / 2)[:, None], shape[1], axis=1)
    no = np.zeros(shape, np.bool_)
    return Reading(0.0, onset, middle, np.full(shape, 1e-3), volt, volt / OHM, in_compliance, no)
