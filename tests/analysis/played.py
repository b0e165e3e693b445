"""Recordings of films that nwlab's model plays: what a fit is to explain is made by something else than the fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from nwlab.analysis.recording import Recording
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading, join
from nwlab.model.film import Film
from nwlab.model.model_chip import ModelChip

Floats = NDArray[np.float64]


def reading(film: Film, level: Floats, dwell: Floats, part: float = 0.1) -> Reading:
    """Play levels from terminal 0 to terminal 1; each is read over the last `part` of its dwell."""
    force = Force(0, Quantity.VOLTAGE, level, 1.0)
    drive = Drive(dwell, (force,), ground=(1,), read_delay=(1 - part) * dwell)
    return join(ModelChip(film, ("A", "B"), Limits(100.0, 100.0)).apply(drive))


def recording(film: Film, level: Floats, dwell: Floats, noise: float = 0.0, seed: int = 0) -> Recording:
    """Return what a meter with a relative error of `noise` per reading records."""
    seen = reading(film, level, dwell)
    error = 1 + noise * np.random.default_rng(seed).standard_normal(level.size)
    current = seen.current[:, 0] * error
    return Recording(
        terminals=("A", "B"),
        onset=seen.onset,
        time=seen.time[:, 0],
        aperture=seen.aperture[:, 0],
        voltage=np.stack([seen.voltage[:, 0], np.zeros(level.size)], axis=1),
        current=np.stack([current, -current], axis=1),
        path=Path("played.txt"),
        kind="played",
        fingerprint="0" * 64,
    )


def stairs(levels: list[float], seconds: float, samples: int) -> tuple[Floats, Floats]:
    """Hold each level for so many seconds, in so many samples."""
    level = np.repeat(np.array(levels), samples)
    return level, np.full(level.size, seconds / samples)
