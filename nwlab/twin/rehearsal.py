"""What a twin runs is compiled before it says that it is ready: once its run has begun, it would fall behind."""

from __future__ import annotations

import numpy as np

from nwlab.analysis.rate_balance.likelihood import evaluate
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted
from nwlab.core.reading import Reading
from nwlab.twin.companion import Companion
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.window import Place, Stay, Window

_STEPS, _VOLT = 3, 1.0


def rehearse(companion: Companion, film: FilmLaw) -> None:
    """Let a companion that is thrown away follow some readings, and fit them."""
    conductance = float(film.world(np.array([_VOLT])).goal[0])
    column, no = np.ones((_STEPS, 1)), np.zeros((_STEPS, 1), np.bool_)
    onset = np.arange(_STEPS, dtype=np.float64)
    level = np.full(_STEPS, _VOLT)
    drive = Drive(np.ones(_STEPS), (Force(0, Quantity.VOLTAGE, level, 1.0, low=1),))
    current = column * conductance * _VOLT
    reading = Reading(0.0, onset, onset[:, None] + 0.5, 0.5 * column, column * _VOLT, current, no, no)
    for event in (DriveStarted(0, drive, ""), BlockArrived(0, 0, reading)):
        list(companion(event))
    companion.foresee(drive)
    window = Window(film)
    for step in range(_STEPS):
        window.add([Stay(1.0, _VOLT), Stay(0.5, _VOLT)], [1.0, 1.0], conductance, Place(0, step))
    count = 4 if film.law.jumps else 3
    steps = window.steps()
    evaluate(steps, lambda change: film.world(steps.level, change), np.zeros(count), film.lean)
