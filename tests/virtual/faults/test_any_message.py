"""Every fault of a wire at message after message of a whole session: true readings or none, and all off in the end."""

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
from nwlab.virtual.faults.wire import FaultyInstrument
from nwlab.virtual.k707 import Virtual707
from nwlab.virtual.k2600 import Virtual2600
from nwlab.virtual.k2600_source import ON

OHM, DWELL = 10e3, 0.05  # Ohm, s
LEVELS = (np.array([1.0, 0.5, 1.5, 0.75, 1.25]), np.array([-1.0, -0.5, -1.5, -0.75, -1.25]))
"""V of each drive: no two alike, so that a row in the wrong place, or twice, has the wrong value."""

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


CUTS = ("closed", "reset")
"""What ends a link for good: its instrument cannot be asked any more, and that is told; the other one is safe."""
OWN = {"a": "output", "m": "relay"}


def play(chip: OpenChip) -> np.ndarray:
    """Return (onset, V, A) of each sample until something ended it, (samples, 3)."""
    read: list[np.ndarray] = []
    with contextlib.suppress(AnswerError):
        for levels in LEVELS:
            force = Force(0, Quantity.VOLTAGE, levels, 5e-4, low=1)
            for reading in chip.apply(Drive(np.full(levels.size, DWELL), (force,))):
                read.extend(np.column_stack([reading.onset, reading.voltage, reading.current]))
    return np.array(read).reshape(-1, 3)


def close(chip: OpenChip) -> tuple[float, bool]:
    """Go to the safe state; return the world seconds that it took, and whether it was confirmed."""
    begun, confirmed = chip.clock.now(), False
    with contextlib.suppress(UnsafeError):
        chip.close()
        confirmed = True
    return chip.clock.now() - begun, confirmed


def standing(chip: OpenChip) -> list[str]:
    """Return what is on or closed, as the virtual instruments themselves have it."""
    assert chip.table is not None
    smu, matrix = (
        instrument.instrument if isinstance(instrument, FaultyInstrument) else instrument
        for instrument in chip.table.instruments.values()
    )
    assert isinstance(smu, Virtual2600)
    assert isinstance(matrix, Virtual707)
    on = [f"output {each.port}" for each in smu.smus if each.source.output == ON and each.source._powered]
    return on + [f"relay {name}" for name in sorted(matrix.relays._driven)]


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
        read = play(chip)
        seconds, confirmed = close(chip)
        assert seconds < 120
        left = standing(chip)
        if confirmed or word not in CUTS:
            assert (left, confirmed) == ([], True)
        else:
            assert all(each.startswith(OWN[at]) for each in left)
        expected = np.concatenate(LEVELS)[: len(read)]
        np.testing.assert_allclose(read[:, 1], expected, atol=6e-3)
        np.testing.assert_allclose(read[:, 2], expected / OHM, atol=1e-6)
        np.testing.assert_allclose(read[:, 0], np.tile(np.arange(5) * DWELL, 2)[: len(read)], atol=1e-5)
        assert chip.table is not None
        assert chip.table.faults is not None
        struck += bool(chip.table.faults.log)
    assert struck >= 2
