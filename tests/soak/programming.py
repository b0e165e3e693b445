#!/usr/bin/env python3
"""Does a twin help to program a chip that it does not know? Fifty chips, each programmed with a twin and without.

    python tests/soak/programming.py                    # 50 chips
    python tests/soak/programming.py --chips 5 --apart  # with each twin in a process of its own, which takes longer

Both protocols play on the virtual bench, with the same chips, the same chance, the same target, pulses of the same
length and as many of them at most. Prints a table; with --json the
figures of each chip. Leaves with 1 when the twin is not better in mean and median of both pulses and error.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from scipy.stats import binomtest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from lab.unknown import TWIN, Outcome, programmed, unknown_chip
from twin.beside import Beside

from nwlab.core.drive import FloatArray
from nwlab.lab.opening import load_chip

PROTOCOLS = ("program-threshold", "program-twin")
TOLERANCE = 0.01


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--chips", type=int, default=50)
    parser.add_argument("--first", type=int, default=1000, help="seed of the first chip")
    parser.add_argument("--apart", action="store_true", help="twins in processes of their own")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args(arguments)
    found: dict[str, list[Outcome]] = {name: [] for name in PROTOCOLS}
    with tempfile.TemporaryDirectory() as folder:
        for index in range(options.chips):
            seed = options.first + index
            chip = unknown_chip(Path(folder), seed)
            for name in PROTOCOLS:
                twin = None if options.apart or name != PROTOCOLS[1] else Beside(str(load_chip(TWIN).path))
                found[name].append(programmed(name, chip, seed, Path(folder) / "runs", twin=twin))
            print(f"\r{index + 1} of {options.chips} chips", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    pulses, off = (
        np.array([[getattr(each, what) for each in found[name]] for name in PROTOCOLS], dtype=np.float64)
        for what in ("pulses", "off")
    )
    if options.json:
        print(json.dumps({"pulses": pulses.tolist(), "off": off.tolist()}))
    else:
        print("\n".join([*_rows("pulses", pulses, ""), *_rows("final error", 100 * off, " %"), *_reached(off)]))
    return 0 if _is_better(pulses) and _is_better(off) else 1


def _rows(what: str, table: FloatArray, unit: str) -> list[str]:
    gain = table[0] - table[1]
    error = gain.std(ddof=1) / np.sqrt(gain.size)
    better, worse = int((gain > 0).sum()), int((gain < 0).sum())
    chance = binomtest(better, better + worse, 0.5, "greater").pvalue if better + worse else 1.0
    told = f"difference {gain.mean():.2f} ± {error:.2f}{unit}"
    counted = f"less on {better} chips, more on {worse} (sign test: p = {chance:.1g})"
    rows = (
        ("median", np.median(table, axis=1), ""),
        ("mean", table.mean(axis=1), told),
        ("worst", table.max(axis=1), counted),
    )
    return [
        f"{what + ', ' + name:22} {pair[0]:8.2f}{unit} {pair[1]:8.2f}{unit}   {remark}".rstrip()
        for name, pair, remark in rows
    ]


def _reached(off: FloatArray) -> list[str]:
    counts = (off <= TOLERANCE).sum(axis=1)
    return [f"{'at target':22} {counts[0]:8d} {counts[1]:8d}   of {off.shape[1]}"]


def _is_better(table: FloatArray) -> bool:
    without, with_twin = table
    return bool(with_twin.mean() < without.mean() and np.median(with_twin) < np.median(without))


if __name__ == "__main__":
    sys.exit(main())
