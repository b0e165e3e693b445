"""Every single line to the source-measure unit lost in its turn: what is read then is true, or nothing is."""

from __future__ import annotations

import itertools
from collections.abc import Generator
from pathlib import Path
from typing import cast

import numpy as np
import pytest
from machine.laboratory import Laboratory
from machine.truth import wrong_times, wrong_values

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import AnswerError, InstrumentError
from nwlab.core.reading import Reading, join
from nwlab.lab.open_chip import OpenChip

N, _, S, _ = range(4)
LEFT_BEHIND = " ".join(
    f"smu{x}.measure.rel.leveli = 2e-5 smu{x}.measure.rel.enablei = 1 smu{x}.measure.rel.levelv = 0.2 "
    f"smu{x}.measure.rel.enablev = 1 smu{x}.measure.filter.type = smu{x}.FILTER_MOVING_AVG smu{x}.measure.filter.count "
    f"= 10 smu{x}.measure.filter.enable = 1 smu{x}.measure.nplc = 0.5 smu{x}.measure.delay = 0.01 "
    f"smu{x}.source.delay = 0.01 smu{x}.measure.count = 2 smu{x}.source.limiti = 1e-5 smu{x}.measure.rangei = 1e-5"
    for x in "ab"
)
"""What somebody may have set at the front panel, all of which would falsify a reading."""


def staircase(*levels: float, hold: bool = False) -> Drive:
    voltage = Force(N, Quantity.VOLTAGE, np.array(levels), 2e-4, low=S)
    return Drive(np.full(len(levels), 0.06), (voltage,), hold=hold)


def play(chip: OpenChip, drive: Drive) -> None:
    """Play a drive; what comes back must be true."""
    reading = join(chip.apply(drive))
    assert reading.steps == drive.steps
    assert not wrong_values(drive, reading, 0, ohmic=True)
    assert not wrong_times(drive, reading.onset, 0)


def lose(lab: Laboratory, chip: OpenChip, nth: int) -> tuple[bool, bool]:
    """Lose the `nth` line of two drives; return whether there were so many lines, and whether an error was raised."""
    lab.smu.receive(f"{LEFT_BEHIND}\n".encode())
    lab.plant(f'[[fault]]\nat = "a"\ndo = "lost"\nwhat = "message"\nnth = {nth}\n')
    struck = len(lab.strikes)
    try:
        play(chip, staircase(0.3, 0.7, 0.4, hold=True))
        play(chip, staircase(0.4, 1.0, 0.6))
    except AnswerError:
        return len(lab.strikes) > struck, True
    return len(lab.strikes) > struck, False


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    return Laboratory(tmp_path, "resistors", "steps")


@pytest.mark.fault(17, "every single line of a drive was lost in its turn: the readings were true, or there were none")
def test_no_line_that_is_lost_falsifies_a_reading(lab: Laboratory) -> None:
    raised = list[bool]()
    with lab.open() as chip:
        for nth in itertools.count(1):
            struck, error = lose(lab, chip, nth)
            if not struck:
                break
            raised.append(error)
    assert not lab.driven()
    assert len(raised) > 100
    assert 60 < sum(raised) < len(raised)  # a question that is lost is asked again


def test_what_was_left_behind_at_the_front_panel_falsifies_nothing(lab: Laboratory) -> None:
    with lab.open() as chip:
        assert lose(lab, chip, 10_000) == (False, False)


@pytest.mark.fault(17, "a lost abort was noticed: a sweep does not go on behind a rest that was only said")
def test_an_abort_that_is_lost_is_noticed(lab: Laboratory) -> None:
    with lab.open() as chip:
        blocks = chip.apply(staircase(*np.linspace(0.1, 1.0, 300)))
        next(blocks)
        lab.plant('[[fault]]\nat = "a"\ndo = "lost"\nwhat = "message"\nmessage = "smua.abort"\n')
        with pytest.raises(InstrumentError, match="channel a was sent to zero but goes on with its sweep"):
            cast("Generator[Reading]", blocks).close()
        play(chip, staircase(0.2, 0.9))
    assert not lab.driven()
