"""What a window that is open, killed, frozen or absent does to how long a run takes, and to what it measures."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from lab.fates import FATES, Fate, closed, played, soon, state

ROUNDS = 5
SECONDS, SPEED = 24.0, 4.0


def test_a_run_takes_as_long_whatever_becomes_of_its_window(tmp_path: Path) -> None:
    found: dict[str, list[Fate]] = {fate: [] for fate in FATES}
    for number in range(ROUNDS):
        for fate in FATES[number % 4 :] + FATES[: number % 4]:
            one = played(tmp_path / f"{number}{fate}", fate, SECONDS, SPEED)
            found[fate].append(one)
            if one.window is not None and fate != "killed":
                soon(lambda one=one: state(one.window or 0) in ("S", "R"))
                assert closed(one.window)
    print(f"\n{SECONDS:g} s at {SPEED:g} times real time, {ROUNDS} rounds: s, median (least to most)")
    took = {fate: np.array([one.took for one in each]) for fate, each in found.items()}
    for fate, each in found.items():
        parted = np.array([one.parted for one in each])
        print(f"  window {fate:6}: run {_told(took[fate])}, from its end to that of its program {_told(parted)}")
    alone = found["absent"][0]
    same = sum(one.blocks == alone.blocks and one.journal == alone.journal for each in found.values() for one in each)
    print(f"  {same} of {len(FATES) * ROUNDS} records are the same bit for bit, but for the time on the wall")
    assert same == len(FATES) * ROUNDS
    spread = max(float(np.ptp(each)) for each in took.values())
    for fate, each in took.items():
        assert abs(np.median(each) - np.median(took["absent"])) < max(spread, 0.1), fate


def _told(values: np.ndarray) -> str:
    return f"{np.median(values):.3f} ({values.min():.3f} to {values.max():.3f})"
