"""The report of a million samples: how long it takes, from the command to the file, and how large it is."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, force, several

from nwlab.core.drive import Drive
from nwlab.core.reading import Reading
from nwlab.core.record import RunInfo
from nwlab.runs.runner import record_run


class Noisy(OhmicChip):
    """Noise over four decades: every pixel of the panels counts, and conductance has a logarithmic one as well."""

    def __init__(self, terminals: int) -> None:
        super().__init__(block=20_000)
        self.terminals = tuple(f"T{index + 1}" for index in range(terminals))
        self._noise = np.random.default_rng(3)

    def apply(self, drive: Drive) -> Iterator[Reading]:
        for reading in super().apply(drive):
            yield replace(reading, current=reading.current * np.exp(2 * self._noise.normal(size=reading.current.shape)))


@pytest.mark.parametrize("terminals", [1, 16])
def test_million(tmp_path: Path, terminals: int) -> None:
    steps = 1_000_000 // terminals
    levels, dwell = np.full(steps, 0.5), np.full(steps, 1e-3)
    drive = Drive(dwell, tuple(force(levels, index, low=None) for index in range(terminals)))
    record_run(several(drive), Noisy(terminals), tmp_path / "r", RunInfo("million"))
    command = [sys.executable, "-m", "nwlab", "report", str(tmp_path / "r"), "--json"]
    waited, worked = [], []
    for _ in range(3):
        start, before = time.perf_counter(), os.times()
        done = subprocess.run(command, capture_output=True, text=True, check=True)
        after = os.times()
        waited.append(time.perf_counter() - start)
        worked.append(after.children_user + after.children_system - before.children_user - before.children_system)
    size = json.loads(done.stdout)["bytes"]
    print(
        f"\n{terminals} terminals, a million samples in all: {min(waited):.1f} s, of which this computer worked "
        f"{min(worked):.1f} s; {size / 1e6:.2f} MB"
    )
    assert size < 5e6
    if terminals == 1:
        assert min(worked) < 5
