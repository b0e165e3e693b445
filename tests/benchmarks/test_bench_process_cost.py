"""What a process of its own costs: the same drives on the same simulated bench, here and across the seam."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import numpy as np
import pytest

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.reading import join
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import open_bench

ROUNDS = 60


def drive(steps: int) -> Drive:
    return Drive(np.full(steps, 1e-3), (Force(0, Quantity.VOLTAGE, np.full(steps, 0.5), 5e-4, low=1),))


def seconds(act: Callable[[], object]) -> float:
    since = time.perf_counter()
    act()
    return time.perf_counter() - since


def pairs(here: OpenChip, apart: OpenChip, steps: int, rounds: int) -> tuple[float, float]:
    """Median s of a drive here and across the seam, measured in turns."""
    played = drive(steps)
    times = [
        [seconds(lambda chip=chip: join(list(chip.apply(played)))) for chip in (here, apart)] for _ in range(rounds)
    ]
    return statistics.median(pair[0] for pair in times), statistics.median(pair[1] for pair in times)


@pytest.mark.parametrize("steps", [1, 10_000])
def test_overhead_of_the_bench_process(steps: int) -> None:
    with (
        open_bench("virtual", chip="resistor-10k", separate=False) as here,
        open_bench("virtual", chip="resistor-10k", separate=True) as apart,
    ):
        pairs(here, apart, steps, 3)
        inside, across = pairs(here, apart, steps, ROUNDS if steps == 1 else 7)
    cost = across - inside
    print(
        f"\n{steps} samples: {inside * 1e3:.2f} ms here, {across * 1e3:.2f} ms across the seam: "
        f"{cost * 1e3:.2f} ms a drive, {cost / steps * 1e6:.3f} us a sample"
    )


def test_a_drive_without_forces_costs_the_seam_alone() -> None:
    """No simulated instrument computes meanwhile, which runs slower beside another busy process."""
    waiting = Drive(np.array([1e-3]))
    with (
        open_bench("virtual", chip="resistor-10k", separate=False) as here,
        open_bench("virtual", chip="resistor-10k", separate=True) as apart,
    ):
        medians = [
            statistics.median(seconds(lambda c=chip: list(c.apply(waiting))) for _ in range(400))
            for chip in (here, apart)
        ]
    cost = medians[1] - medians[0]
    print(f"\nthe seam alone: {cost * 1e3:.2f} ms a drive, {cost / 1e-3:.2f} of the 1 ms allowed")
    assert cost < 1e-3
