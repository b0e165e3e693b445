"""Every fault of a wire at message after message of a whole session: true readings or none, and an end."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from virtual.faults.parrots import script_of

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import AnswerError, UnsafeError
from nwlab.lab.opening import OpenChip, open_bench

LEVELS, STEPS, OHM = (1.0, -1.0), 5, 10e3

# A session of two drives has some 60 messages to the SMU and 20 to the matrix; these are spread over it.
NTH = {"a": (2, 11, 24, 37, 43, 46), "m": (3, 6, 12)}

OUTCOMES = [
    (1, "late", 'delay = "6 s"', "a reply after the time-out answers no other question"),
    (2, "doubled", "", "a line too many never becomes a reading"),
    (2, "unsolicited", 'text = "1.00000e+00"', "a line that nobody asked for never becomes a reading"),
    (3, "cut", "", "half a reply never becomes a reading"),
    (3, "cut", "ended = true", "half a reply that ends like a whole one never becomes a reading"),
    (3, "lost", "", "a reply that never comes ends in an error, or is asked for again where that is harmless"),
    (3, "lost", 'what = "message"', "a message that never arrived gives no false reading"),
    (4, "split", "bytes = 1", "a reply in two parts is the same reply"),
    (4, "split", 'delay = "7 s"', "a reply whose second part comes too late is none"),
    (5, "gibberish", "", "bytes outside ASCII never become a reading"),
    (6, "endless", "", "a stream without an end is given up"),
    (12, "closed", "bytes = 1", "a connection that the far end closes ends the drive"),
    (13, "reset", "", "a connection that is reset ends the drive"),
    (13, "silent", 'duration = "12 s"', "a black hole is noticed in bounded time"),
    (13, "hung", 'duration = "12 s"', "an instrument that hangs is noticed in bounded time"),
    (15, "reboot", 'boot = "3 s"', "an instrument that reboots in mid-run gives no false reading"),
]
PARAMETERS = [pytest.param(word, more, marks=pytest.mark.fault(number, seen)) for number, word, more, seen in OUTCOMES]


def play(chip: OpenChip) -> list[tuple[float, float]]:
    """Return (V, A) of each sample until something ended it."""
    read: list[tuple[float, float]] = []
    with contextlib.suppress(AnswerError):
        for level in LEVELS:
            force = Force(0, Quantity.VOLTAGE, np.full(STEPS, level), 5e-4, low=1)
            for reading in chip.apply(Drive(np.full(STEPS, 0.05), (force,))):
                read.extend(zip(reading.voltage[:, 0], reading.current[:, 0], strict=True))
    return read


def close(chip: OpenChip) -> float:
    """Go to the safe state, or hear that it could not be confirmed; return the world seconds that it took."""
    begun = chip.clock.now()
    with contextlib.suppress(UnsafeError):
        chip.close()
    return chip.clock.now() - begun


@pytest.mark.parametrize(("word", "more"), PARAMETERS)
@pytest.mark.parametrize("at", NTH)
def test_readings_are_true_or_there_are_none(tmp_path: Path, at: str, word: str, more: str) -> None:
    struck = 0
    for nth in NTH[at]:
        script = script_of(tmp_path, f'[[fault]]\nat = "{at}"\ndo = "{word}"\nnth = {nth}\n{more}\n')
        try:
            chip = open_bench("virtual", chip="resistor-10k", faults=script.path)
        except AnswerError:
            struck += 1
            continue
        read = np.array(play(chip)).reshape(-1, 2)
        assert close(chip) < 120
        np.testing.assert_allclose(read[:, 1], read[:, 0] / OHM, rtol=2e-2, atol=1e-7)
        if "message" not in more:
            np.testing.assert_allclose(read[:, 0], np.repeat(LEVELS, STEPS)[: len(read)], rtol=2e-2)
        assert chip.table is not None
        assert chip.table.faults is not None
        struck += bool(chip.table.faults.log)
    assert struck >= 2
