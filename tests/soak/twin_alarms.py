#!/usr/bin/env python3
"""Do a twin's alarms keep their promise? Many samples of the matched chip, and many chips that change halfway.

    python tests/soak/twin_alarms.py                                 # a million samples, 40 chips a change: hours
    python tests/soak/twin_alarms.py --samples 20000 --chips 2       # some minutes

Every chip is the film itself in finer steps, with a meter's noise and another seed. Says how often alarms were false,
and after how many samples the right name came, as JSON; leaves with 1 when a figure misses its limit.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import poisson

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from twin.records import LAW
from twin.test_watch import CHANGED, companion, names, notes, step

from nwlab.core.events import Noted
from nwlab.twin.alarms import FALSE_ALARM_STEPS
from nwlab.twin.watch import READINGS

_PIECE = 20_000  # samples of a run
_BEFORE = 1500  # samples until a chip changes; no multiple of a window
_DELAY = 2 * READINGS
"""Samples within which nine in ten changes must have been named."""


def matched(samples: int) -> dict[str, Any]:
    """Follow chips that are what their file says."""
    sums: set[tuple[int, int]] = set()
    named: set[tuple[int, int]] = set()
    runs = max(samples // _PIECE, 1)
    for run in range(runs):
        for note in notes(companion(), [(LAW, min(samples, _PIECE))], 20_000 + run):
            if note.kind == "alarm":
                (named if "what" in note.content else sums).add((run, step(note)))
        _tell(f"matched: {run + 1} of {runs}")
    total = runs * min(samples, _PIECE)
    return {"samples": total, "promised": total / FALSE_ALARM_STEPS, "by sums": len(sums), "by windows": len(named)}


def changed(chips: int) -> dict[str, dict[str, Any]]:
    """Follow chips that change."""
    found: dict[str, dict[str, Any]] = {}
    for name, (what, law) in CHANGED.items():
        told = [notes(companion(), [(LAW, _BEFORE), (law, _DELAY)], 30_000 + seed) for seed in range(chips)]
        own = [_first(names(each), what) for each in told]
        found[name] = {
            "named": float(np.mean([each is not None for each in own])),
            "median delay": float(np.median([each for each in own if each is not None] or [np.nan])),
            "longest delay": max((each for each in own if each is not None), default=None),
            "wrong names": sum(len({note.content["what"] for note in names(each)} - {what}) for each in told),
            "median delay of a sum": float(np.median([_first_sum(each) for each in told])),
        }
        _tell(name)
    return found


def _first(found: Sequence[Noted], what: str) -> int | None:
    return next(
        (step(note) - _BEFORE for note in found if note.content["what"] == what and step(note) >= _BEFORE), None
    )


def _first_sum(found: Sequence[Noted]) -> float:
    sums = (step(note) for note in found if note.kind == "alarm" and "what" not in note.content)
    return next((float(each - _BEFORE) for each in sums if each >= _BEFORE), np.inf)


def _tell(text: str) -> None:
    print(f"\r{text:40}", end="", file=sys.stderr, flush=True)


def wrong(alike: dict[str, Any], others: dict[str, dict[str, Any]], chips: int) -> list[str]:
    """Say which figures miss their limits."""
    most = poisson.ppf(0.999, alike["promised"])
    said = [f"{alike[by]} false alarms {by}" for by in ("by sums", "by windows") if alike[by] > most]
    for name, figures in others.items():
        if figures["named"] < 0.9 - 2.0 * np.sqrt(0.09 / chips):
            said.append(f"{name}: named in {100 * figures['named']:.0f} % of the chips")
        if figures["wrong names"] > 0.3 * chips + 2:
            said.append(f"{name}: {figures['wrong names']} wrong names")
    return said


def main(arguments: Sequence[str] | None = None) -> int:
    """Run it."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--samples", type=int, default=1_000_000)
    parser.add_argument("--chips", type=int, default=40)
    options = parser.parse_args(arguments)
    alike, others = matched(options.samples), changed(options.chips)
    said = wrong(alike, others, options.chips)
    print(json.dumps({"matched": alike, "changed": others, "wrong": said}, indent=1))
    return 1 if said else 0


if __name__ == "__main__":
    sys.exit(main())
