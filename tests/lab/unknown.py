"""Chips that a twin does not know: files around that of `stochastic-2025`, and what programming them took.

Drawn are, each by itself and log-normal: both rates (30 %), both exponents (2 %), both bounds (10 %), and the start
(30 %). Noise and jumps have the published sizes but another seed for each chip; the meter's errors are those of the
simulated instrument.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from nwlab.lab.opening import load_chip, open_bench
from nwlab.lab.running import Playing, load_protocol, twin_beside, twin_order
from nwlab.runs.recording import Run

TWIN = "stochastic-2025"
SPREAD = {"kp0": 0.3, "kd0": 0.3, "eta_p": 0.02, "eta_d": 0.02, "g_min": 0.1, "g_max": 0.1, "conductance": 0.3}
TARGET = 20e-6  # S
_PULSE = 4  # samples of a drive with a pulse: the pulse and three readings


def unknown_chip(folder: Path, seed: int) -> Path:
    """Write the file of a chip that only its seed decides."""
    chance = np.random.default_rng([2025, seed])
    text = load_chip(TWIN).text
    for name, spread in SPREAD.items():
        factor = float(np.exp(np.log1p(spread) * chance.standard_normal()))
        line = re.search(rf'^{name} *= *"([^ ]+)', text, re.M)
        assert line is not None
        text = f"{text[: line.start(1)]}{float(line[1]) * factor!r}{text[line.end(1) :]}"
    path = folder / f"chip{seed}.toml"
    path.write_text(re.sub(r"^seed = .*$", f"seed = {seed}", text, flags=re.M), encoding="utf-8")
    return path


@dataclass(frozen=True)
class Outcome:
    pulses: int
    error: float  # mean of the last three readings after a pulse over the target, minus 1
    told: Mapping[str, Any]  # what the step itself says of it

    @property
    def off(self) -> float:
        return abs(self.error)


def programmed(name: str, chip: Path, seed: int, out: Path, twin: Any = None, **parameters: Any) -> Outcome:
    """Play a protocol on the virtual bench with a chip; `twin` in place of a process of its own."""
    protocol = load_protocol(name, target=TARGET, **parameters)
    with open_bench("virtual", chip=chip, seed=seed) as bench:
        playing = Playing(protocol, bench, out)
        if twin is not None or not protocol.twin:
            return outcome(playing.play(twin=twin))
        with twin_beside(playing.folder, twin_order(protocol, TWIN)) as link:
            return outcome(playing.play(twin=link))


def outcome(run: Run) -> Outcome:
    """Count pulses, and tell how far from the target the last one has left the chip."""
    drives = [drive for drive in run.drives if drive.steps == _PULSE]
    last = drives[-1] if drives else run.drives[0]
    (told,) = run.results.values()
    return Outcome(len(drives), float(last.reading.conductance[-3:, 0].mean() / TARGET - 1), told)
