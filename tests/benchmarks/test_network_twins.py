"""How twins of chips of many terminals keep up: `pytest tests/benchmarks/test_network_twins.py -s`.

Printed is how many times faster than the chip they are, by the processor time of the whole process, so that work on
a second core would count twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from twin.networks import as_measured, chip, conductances, followed, matrix, played, resistors, voltages
from twin.test_ensemble import METERS, drive, film, levels, measured, twin

from nwlab.core.drive import Drive
from nwlab.core.reading import Reading
from nwlab.twin.passing import NetworkTwin
from nwlab.twin.reduced import ReducedTwin

_PIECES = 50  # blocks in which readings arrive


def _ratio(make: Callable[[], NetworkTwin[Any]], drive: Drive, reading: Reading) -> tuple[float, float]:
    """Return the chip's time over wall time and over processor time."""
    followed(make(), drive, reading, _PIECES)  # compiles
    follower = make()
    wall, processor = time.perf_counter(), time.process_time()
    followed(follower, drive, reading, _PIECES)
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    return drive.duration / wall, drive.duration / processor


@pytest.mark.parametrize("forces", [16, 4, 1])
def test_a_reduced_twin_of_sixteen_terminals_at_1_khz(forces: int) -> None:
    values = conductances(1)
    what = voltages(np.random.default_rng(2).uniform(-1, 1, (2000, forces)), dwell=1e-3)

    def make() -> NetworkTwin[Any]:
        made = ReducedTwin(matrix(1.2 * values), meters=METERS)
        made.lose()
        return made

    reading = as_measured(what, played(chip(resistors(values)), what), METERS, np.random.default_rng(3))
    wall, processor = _ratio(make, what, reading)
    print(
        f"\n16 terminals, 120 conductances, {forces} forces at 1 kHz: {processor:.1f} × real time ({wall:.1f} by wall)"
    )
    assert processor > 1.0


def test_an_ensemble_of_20_networks_of_100_wires_at_50_hz() -> None:
    what = drive(levels(500), dwell=0.02)

    def make() -> NetworkTwin[Any]:
        made = twin()
        made.lose()
        return made

    wall, processor = _ratio(make, what, measured(film(past=20.0), what))
    print(f"\n20 networks of 100 wires, 3 forces at 50 Hz: {processor:.1f} × real time ({wall:.1f} by wall)")
    assert processor > 1.0
