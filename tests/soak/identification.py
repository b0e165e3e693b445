#!/usr/bin/env python3
"""Do the errors that a fit tells hold? Many records with jumps and read noise together, size range not given.

    python tests/soak/identification.py                              # 200 records of 63,700 readings, twice: hours
    python tests/soak/identification.py --records 8 --samples 6370   # a minute or two

Every record is made by the chip's exact simulator with another seed. Says bias, spread and how often the 95 % intervals
hold the truth, as JSON; leaves with 1 when a figure misses its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.rate_balance.records import LAW, SPAN, held, rate_above

from nwlab.analysis.rate_balance.chance import RATE
from nwlab.analysis.rate_balance.one_level import fit_level
from nwlab.analysis.rate_balance.pieces import steps_of
from nwlab.core.drive import FloatArray

NAMES = ("theta", "noise", "rate_above")
BIAS = {"theta": 0.05, "noise": 0.05, "rate_above": 0.10}
"""Limits of the mean relative deviation."""
COVERAGE = (0.90, 0.98)


def one(samples: int, seed: int, read: float) -> tuple[FloatArray, FloatArray]:
    """Return relative deviations and deviations in errors of θ, σ and the rate above the stated size, each (3,)."""
    level = fit_level(steps_of([held(LAW, samples, seed, read=read)]).only(0), jumps=True)
    told = level.optimum.corrected
    errors = np.sqrt(np.diag(level.optimum.covariance))
    assert LAW.jumps
    places = np.array([0, 2, 2 + RATE])
    half = np.array([1.0, 0.5, 1.0])  # σ is told as the logarithm of its square
    unit = level.guess.step_sd / SPAN
    true = np.log([float(LAW.rate(3.6)), LAW.noise / unit, rate_above(LAW.jumps, level.chance.stated / SPAN)])
    off = half * told[places] - true
    return np.expm1(off), off / (half * errors[places])


def many(records: int, samples: int, read: float) -> dict[str, dict[str, float]]:
    """Fit many records and sum them up."""
    found: list[tuple[FloatArray, FloatArray]] = []
    for seed in range(records):
        found.append(one(samples, 10_000 + seed, read))
        print(f"\rread noise {read}: {seed + 1} of {records}", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    off, in_errors = (np.array(column) for column in zip(*found, strict=True))
    return {
        name: {
            "bias": round(float(off[:, place].mean()), 4),
            "spread": round(float(off[:, place].std()), 4),
            "coverage": round(float((np.abs(in_errors[:, place]) < 1.96).mean()), 3),
        }
        for place, name in enumerate(NAMES)
    }


def wrong(told: dict[str, dict[str, float]], records: int) -> list[str]:
    """Say which figures miss their limits; few records leave each limit its own standard error."""
    slack = 2.0 * np.sqrt(0.05 * 0.95 / records) if records < 200 else 0.0
    said: list[str] = []
    for name, figures in told.items():
        noise = 2.0 * figures["spread"] / np.sqrt(records)
        if abs(figures["bias"]) > BIAS[name] + (noise if records < 200 else 0.0):
            said.append(f"bias of {name} is {figures['bias']}")
        if not COVERAGE[0] - slack <= figures["coverage"] <= COVERAGE[1] + slack:
            said.append(f"95 % intervals of {name} hold the truth {100 * figures['coverage']:.0f} % of the time")
    return said


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--records", type=int, default=200)
    parser.add_argument("--samples", type=int, default=63_700)
    options = parser.parse_args(arguments)
    told = {f"read noise {read} step sd": many(options.records, options.samples, read) for read in (0.3, 1.0)}
    said = [f"{key}: {text}" for key, figures in told.items() for text in wrong(figures, options.records)]
    print(json.dumps({"records": options.records, "samples": options.samples, **told, "wrong": said}, indent=1))
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
