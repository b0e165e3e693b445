"""Every fault of a wire at message after message of a whole session: true readings or none, and an end."""

from __future__ import annotations

import contextlib
from pathlib import Path

import numpy as np
import pytest
from virtual.faults.parrots import script_of

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import AnswerError, UnsafeError
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import open_bench

LEVELS, STEPS, OHM = (1.0, -1.0), 5, 10e3

# A session of two drives has some 60 messages to the SMU and 20 to the matrix; these are spread over it.
NTH = {"a": (2, 11, 24, 37, 43, 46), "m": (3, 6, 12)}

FAULTS = [
    ("late", 'delay = "6 s"'),
    ("doubled", ""),
    ("unsolicited", 'text = "1.00000e+00"'),
    ("cut", ""),
    ("cut", "ended = true"),
    ("lost", ""),
    ("lost", 'what = "message"'),
    ("split", "bytes = 1"),
    ("split", 'delay = "7 s"'),
    ("gibberish", ""),
    ("endless", ""),
    ("closed", "bytes = 1"),
    ("reset", ""),
    ("silent", 'duration = "12 s"'),
    ("hung", 'duration = "12 s"'),
    ("reboot", 'boot = "3 s"'),
]


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


@pytest.mark.slow
@pytest.mark.fault(1, "late at any message of a session, a reply answers no other question: true readings or none")
@pytest.mark.fault(2, "a line too many at any message of a session never becomes a reading")
@pytest.mark.fault(3, "a reply cut or lost at any message of a session never becomes a reading")
@pytest.mark.fault(
    4, "split at any message of a session, a reply is the same reply, or none when its rest comes too late"
)
@pytest.mark.fault(5, "bytes outside ASCII at any message of a session never become a reading")
@pytest.mark.fault(6, "a stream without end at any message of a session is given up")
@pytest.mark.fault(12, "closed by the far end at any message of a session, a link gives true readings or none")
@pytest.mark.fault(13, "a reset, a black hole or a hang at any message of a session is noticed in bounded time")
@pytest.mark.fault(15, "a reboot at any message of a session gives true readings or none")
@pytest.mark.parametrize(("word", "more"), FAULTS)
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
        np.testing.assert_allclose(read[:, 0], np.repeat(LEVELS, STEPS)[: len(read)], rtol=2e-2)
        assert chip.table is not None
        assert chip.table.faults is not None
        struck += bool(chip.table.faults.log)
    assert struck >= 2
