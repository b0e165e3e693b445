#!/usr/bin/env python3
"""Do the errors that a fit tells hold? Many records with jumps and read noise together, size range not given.

    python tests/soak/identification.py                              # 200 records of 63,700 readings, twice: an hour
    python tests/soak/identification.py --records 8 --samples 6370   # a minute or two

Every record is made by the chip's exact simulator with another seed. Says bias, spread and how often the 95 % intervals
hold the truth, as JSON; leaves with 1 when a figure misses its limit.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from analysis.rate_balance.records import LAW, SPAN, held, rate_above

from nwlab.analysis.rate_balance.chance import EXPONENT, RATE
from nwlab.analysis.rate_balance.one_level import fit_level
from nwlab.analysis.rate_balance.pieces import steps_of
from nwlab.core.drive import FloatArray

NAMES = ("theta", "noise", "rate_above", "exponent")
BIAS = {"theta": 0.05, "noise": 0.05, "rate_above": 0.10, "exponent": 0.05}
"""Limits of the mean relative deviation."""
COVERAGE = (0.90, 0.98)


def one(samples: int, read: float, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return relative deviations and deviations in errors of the numbers in `NAMES`."""
    level = fit_level(steps_of([held(LAW, samples, seed, read=read)]).only(0), jumps=True)
    told = level.optimum.corrected
    errors = np.sqrt(np.diag(level.optimum.covariance))
    assert LAW.jumps
    places = np.array([0, 2, 2 + RATE, 2 + EXPONENT])
    half = np.array([1.0, 0.5, 1.0, 1.0])  # σ is told as the logarithm of its square
    unit = level.guess.step_sd / SPAN
    above = rate_above(LAW.jumps, level.chance.stated / SPAN)
    true = np.array([*np.log([float(LAW.rate(3.6)), LAW.noise / unit, above]), LAW.jumps.exponent])
    off = half * told[places] - true
    relative = np.append(np.expm1(off[:3]), off[3] / LAW.jumps.exponent)
    return relative, off / (half * errors[places])


def many(records: int, samples: int, read: float) -> dict[str, dict[str, float]]:
    """Fit many records, on all processors, and sum them up."""
    found: list[tuple[FloatArray, FloatArray]] = []
    with ProcessPoolExecutor(os.cpu_count()) as pool:
        for told in pool.map(partial(one, samples, read), range(10_000, 10_000 + records)):
            found.append(told)
            print(f"\rread noise {read}: {len(found)} of {records}", end="", file=sys.stderr, flush=True)
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
    parser.add_argument("--read", type=float, nargs="+", default=(0.3, 1.0), help="read noise in step sd")
    options = parser.parse_args(arguments)
    told = {f"read noise {read} step sd": many(options.records, options.samples, read) for read in options.read}
    said = [f"{key}: {text}" for key, figures in told.items() for text in wrong(figures, options.records)]
    print(json.dumps({"records": options.records, "samples": options.samples, **told, "wrong": said}, indent=1))
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
