"""Readings that are kept for re-identification say what all of them would."""

from __future__ import annotations

import numpy as np
import pytest
from twin.records import DWELL, LAW, STEP_SD, VOLT, record

from nwlab.analysis.rate_balance.likelihood import evaluate
from nwlab.analysis.rate_balance.pieces import Steps, steps_of
from nwlab.analysis.recording import Trace
from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.events import BlockArrived
from nwlab.core.reading import Reading
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.held import Held, block_of
from nwlab.twin.port import Port
from nwlab.twin.window import APART, Place, Stay, Window, samples_of

FILM = FilmLaw(LAW, VOLT * 0.3 * STEP_SD)


def window_of(steps: Steps) -> Window:
    window = Window(FILM)
    held, rates = samples_of(steps, FILM)
    for k, (levels, speeds) in enumerate(zip(held, rates, strict=True)):
        window.add(levels, speeds, float(steps.reading[k]), Place(0, k))
    return window


def held_steps(samples: int, dwell: float = DWELL, seed: int = 2) -> tuple[Steps, Trace]:
    found = record([(LAW, samples)], seed, dwell=dwell)
    (block,) = (event for event in found.events(samples) if isinstance(event, BlockArrived))
    reading = block.reading
    columns = (reading.time[:, 0], reading.aperture[:, 0], reading.voltage[:, 0], reading.current[:, 0])
    steps = Held(LAW).steps(block_of(found.drive, 0, reading, Port(0), 1e-3))
    return steps, Trace(reading.onset, *columns)


def told(steps: Steps, change: FloatArray) -> float:
    return evaluate(steps, lambda numbers: FILM.world(steps.level, numbers), change, FILM.lean).log_likelihood


def test_a_window_of_all_readings_is_the_record() -> None:
    """The reader of finished records sorts the same samples into steps by itself."""
    steps, trace = held_steps(300)
    window, whole = window_of(steps).steps(), steps_of([trace])
    assert window.duration[1:] == pytest.approx(whole.duration[1:], rel=1e-6)
    for change in (np.zeros(4), np.array([0.3, 0.01, -0.2, 0.5])):
        assert told(window, change) == pytest.approx(told(whole, change), abs=1e-3)


def test_readings_that_follow_closely_are_thinned() -> None:
    steps, _ = held_steps(5000, dwell=1e-2)
    window = window_of(steps)
    apart = APART / float(LAW.rate(VOLT))
    assert len(window) == pytest.approx(50.0 / apart, rel=0.05)
    kept = window.steps()
    assert kept.duration[1:].min() >= 0.99 * apart
    assert kept.piece.sum() + kept.aperture.sum() == pytest.approx(50.0, rel=0.02)
    assert (kept.piece > 0).sum(axis=1).max() == 1  # one level was held throughout


def test_what_was_not_read_was_held_all_the_same() -> None:
    steps, _ = held_steps(300)
    reading = steps.reading.copy()
    reading[50:200] = np.nan
    gap = Steps(**{**{name: getattr(steps, name) for name in Steps.__slots__}, "reading": reading})  # type: ignore[arg-type]
    window = window_of(gap)
    assert len(window) == 150
    assert window.steps().duration.max() == pytest.approx(151 * DWELL, rel=1e-6)


def test_levels_of_a_staircase_stay_apart() -> None:
    steps, _ = held_steps(40)
    level = steps.level.copy()
    level[2::3] = np.where(np.arange(40) % 2, 2.0, 3.6)
    changed = Steps(**{**{name: getattr(steps, name) for name in Steps.__slots__}, "level": level})  # type: ignore[arg-type]
    kept = window_of(changed).steps()
    assert set(np.unique(kept.level[kept.at])) == {2.0, 3.6}


def test_many_levels_without_a_reading_make_it_begin_anew() -> None:
    window = Window(FILM)
    window.add([Stay(DWELL, VOLT)], [0.1], 1e-5, Place(0, 0))
    for pulse in range(2_000):
        window.add([Stay(1e-3, VOLT if pulse % 2 else 0.1), Stay(0.0, 0.1)], [0.0, 0.0], np.nan, Place(0, 1 + pulse))
    assert len(window) == 0
    for step in range(2):
        window.add([Stay(1.0, 0.1), Stay(DWELL, VOLT)], [0.1, 0.1], 1e-5, Place(1, step))
    assert window.since == Place(1, 0)
    assert window.steps().duration == pytest.approx([0.0, 1.0 + DWELL])


def test_some_levels_without_a_reading_are_all_kept() -> None:
    window = Window(FILM)
    window.add([Stay(DWELL, VOLT)], [0.1], 1e-5, Place(0, 0))
    for pulse in range(200):
        window.add([Stay(1e-3, VOLT if pulse % 2 else 0.1), Stay(0.0, 0.1)], [0.0, 0.0], np.nan, Place(0, 1 + pulse))
    window.add([Stay(DWELL, VOLT)], [0.1], 1e-5, Place(0, 201))
    assert window.since == Place(0, 0)
    assert window.steps().duration[1] == pytest.approx(0.2 + DWELL)


def test_a_voltage_that_was_not_measured_is_the_one_asked_for() -> None:
    levels, blank, no = np.array([0.2, 0.4, 0.6, 0.8]), np.full((2, 1), np.nan), np.zeros((2, 1), np.bool_)
    onset = np.array([0.2, 0.3])
    reading = Reading(0.0, onset, onset[:, None] + 0.05, np.full((2, 1), 0.05), blank, np.full((2, 1), 6e-5), no, no)
    for quantity, voltage in ((Quantity.VOLTAGE, [0.6, 0.8]), (Quantity.CURRENT, [0.0, 0.0])):
        drive = Drive(np.full(4, 0.1), (Force(0, quantity, levels, 1.0, low=1),))
        assert block_of(drive, 2, reading, Port(0), 1e-3).voltage.tolist() == voltage


def test_a_window_begins_anew() -> None:
    steps, _ = held_steps(50)
    window = window_of(steps)
    assert window.since == Place(0, 0)
    window.clear()
    assert len(window) == 0
