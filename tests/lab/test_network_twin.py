"""`nwlab run --twin` with chips of many terminals: on simulated instruments, and what is refused."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from twin.test_ensemble import CHIP

from nwlab.core.events import Expected, Noted
from nwlab.runs.following import Follower
from nwlab.runs.recording import load_run

STEP = '''\
import numpy as np
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol import Play, Seconds, Volts


def watched(level: Volts, samples: int, dwell: Seconds) -> Play:
    """A voltage at A, an ammeter at B, C at common, D open."""
    levels = np.where(np.arange(samples) // 5 % 2, 0.5, 1.0) * level
    delay = np.full(samples, dwell / 4)
    for _ in range(2):
        forces = Force(0, Quantity.VOLTAGE, levels, 1e-3), Force(1, Quantity.VOLTAGE, 0.0 * levels, 1e-3)
        yield Drive(np.full(samples, dwell), forces, ground=(2,), read_delay=delay)
        yield Drive(np.array([0.5]))
'''
PROTOCOL = """\
name = "watched"
use = ["watched.py"]
[[step]]
do = "watched"
level = "0.5 V"
samples = 30
dwell = "40 ms"
"""
RESISTORS = """\
name = "star"
terminals = ["A", "B", "C", "D"]
[limits]
voltage = "5 V"
current = "10 mA"
[model]
kind = "resistor"
[[resistor]]
between = ["A", "B"]
resistance = "10 kOhm"
[[resistor]]
between = ["A", "C"]
resistance = "5 kOhm"
[[resistor]]
between = ["C", "D"]
resistance = "1 kOhm"
"""


def run(folder: Path, chip: str, *words: str) -> subprocess.CompletedProcess[str]:
    for name, text in (
        ("watched.py", STEP),
        ("watched.toml", PROTOCOL),
        ("wires.toml", CHIP),
        ("star.toml", RESISTORS),
    ):
        (folder / name).write_text(text, encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "nwlab",
        "run",
        "watched.toml",
        "--chip",
        chip,
        "--seed",
        "3",
        "--json",
        "--no-picture",
        *words,
    ]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=240, check=False)


@pytest.mark.parametrize(("chip", "name"), [("wires.toml", "ensemble"), ("star.toml", "kalman")])
def test_what_the_twin_expected_is_in_the_record(tmp_path: Path, chip: str, name: str) -> None:
    done = run(tmp_path, chip, "--bench", "virtual", "--twin", chip, "--speed", "2")
    assert done.returncode == 0, done.stderr
    folder = tmp_path / json.loads(done.stdout)["run"]
    with Follower(folder) as follower:
        events = follower.poll(10**9)
    expected = [event for event in events if isinstance(event, Expected)]
    mean = np.concatenate([event.mean for event in expected])
    sd = np.concatenate([event.sd for event in expected])
    current = load_run(folder).rows().current.reshape(-1, 2)
    assert mean.shape == sd.shape == current.shape == (60, 2)
    assert np.all(sd > 0)
    off = np.abs(current - mean)
    # The second drive begins where the rest before it has left the chip.
    assert np.all(off[5:30] < 0.02 * np.abs(current).max())
    assert np.all(off[35:] < 0.02 * np.abs(current).max())
    notes = {event.kind: event.content for event in events if isinstance(event, Noted)}
    assert notes["twin ready"]["filter"] == name
    assert notes["twin"]["residuals"] == 120


@pytest.mark.parametrize(
    ("chip", "filter_name", "words"),
    [
        ("wires.toml", "sum", "is a network chip, for which a twin's filter is ensemble or off"),
        ("star.toml", "ensemble", "is a resistor chip, for which a twin's filter is kalman or off"),
        ("stochastic-2025", "kalman", "is one film, for which a twin's filter is"),
    ],
)
def test_filters_that_do_not_fit_a_chip_are_refused(tmp_path: Path, chip: str, filter_name: str, words: str) -> None:
    done = run(tmp_path, "wires.toml", "--model", "--twin", chip, "--twin-filter", filter_name)
    assert done.returncode == 2
    assert words in done.stderr
    assert "Traceback" not in done.stderr


OWN = """\
class Own:
    parameters = {"resistance": "Ohm"}

    def __init__(self, terminals, seed, noise, resistance):
        self.terminals = terminals

    def advance(self, circuit, duration):
        raise AssertionError("nobody plays it")

    def conductances(self):
        return []
"""


def test_a_chip_that_no_twin_can_look_into_is_refused_before_anything_is_played(tmp_path: Path) -> None:
    (tmp_path / "own.py").write_text(OWN, encoding="utf-8")
    model = '[model]\nkind = "own.py:Own"\nparameters = { resistance = "1 kOhm" }\n'
    (tmp_path / "own.toml").write_text(RESISTORS.partition("[model]")[0] + model, encoding="utf-8")
    done = run(tmp_path, "wires.toml", "--model", "--twin", "own.toml")
    assert done.returncode == 2
    assert "made by a class of your own" in done.stderr
    assert "Traceback" not in done.stderr
