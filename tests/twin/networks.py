"""Chips of many terminals for tests, and what meters make of their readings."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np

from nwlab.core.chip import Chip
from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading, join
from nwlab.model.film import Film
from nwlab.model.model_chip import ModelChip
from nwlab.model.resistor_film import ResistorFilm
from nwlab.twin.meters import Meters, read
from nwlab.twin.passing import Foretold, NetworkTwin, samples_of

TERMINALS = 16
PAIRS = np.triu_indices(TERMINALS, 1)


def conductances(seed: int) -> FloatArray:
    """120 conductances over two decades, S."""
    return 10.0 ** np.random.default_rng(seed).uniform(-6, -4, PAIRS[0].size)


def resistors(values: FloatArray) -> ResistorFilm:
    pairs = zip(*PAIRS, values, strict=True)
    return ResistorFilm(TERMINALS, [(int(one), int(two), 1.0 / value) for one, two, value in pairs])


def matrix(values: FloatArray) -> FloatArray:
    table = np.zeros((TERMINALS, TERMINALS))
    table[PAIRS] = table[PAIRS[::-1]] = -values
    np.fill_diagonal(table, -table.sum(axis=1))
    return table


def chip(film: Film) -> Chip:
    names = tuple(str(number + 1) for number in range(film.terminals))
    return ModelChip(film, names, Limits(), VirtualClock())


def voltages(levels: FloatArray, dwell: float = 1e-3, terminals: Iterable[int] | None = None) -> Drive:
    """Hold terminals at levels (steps, terminals) V."""
    places = range(levels.shape[1]) if terminals is None else terminals
    forces = tuple(Force(place, Quantity.VOLTAGE, column, 1e-2) for place, column in zip(places, levels.T, strict=True))
    return Drive(np.full(len(levels), dwell), forces)


def played(on: Chip, drive: Drive) -> Reading:
    return join(on.apply(drive))


def as_measured(drive: Drive, reading: Reading, meters: Meters, rng: np.random.Generator) -> Reading:
    """Add the noise of meters to what is not forced."""
    noise = np.sqrt(meters.variance(drive, read(drive, reading), reading.aperture)) * rng.standard_normal(
        reading.voltage.shape
    )
    is_voltage = np.array([force.quantity is Quantity.VOLTAGE for force in drive.forces])
    return replace(
        reading,
        current=reading.current + np.where(is_voltage, noise, 0.0),
        voltage=reading.voltage + np.where(is_voltage, 0.0, noise),
    )


def followed(twin: NetworkTwin[Any], drive: Drive, reading: Reading, pieces: int = 1) -> Foretold:
    found = list[Foretold]()
    for part in np.array_split(np.arange(reading.steps), pieces):
        arrays = (getattr(reading, name)[part] for name in ARRAYS)
        samples = samples_of(drive, int(part[0]), Reading(reading.start, *arrays), twin.meters)
        found.append(twin.follow(twin.rig(drive), samples))
    return Foretold(*map(np.concatenate, zip(*found, strict=True)))


ARRAYS = ("onset", "time", "aperture", "voltage", "current", "in_compliance", "overflow")
