"""Programming a chip to a conductance: with a twin it takes fewer pulses, also where the twin knows another chip."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from lab.unknown import TWIN, Outcome, programmed, unknown_chip
from twin.beside import Beside

from nwlab.lab.opening import load_chip

CHIPS = range(500, 503)


def with_twin(chip: Path, seed: int, out: Path, **parameters: object) -> tuple[Outcome, Beside]:
    beside = Beside(str(load_chip(TWIN).path))
    return programmed("program-twin", chip, seed, out, twin=beside, **parameters), beside


@pytest.fixture(scope="module")
def chips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    folder = tmp_path_factory.mktemp("chips")
    return [unknown_chip(folder, seed) for seed in CHIPS]


def test_unknown_chips_differ_from_what_the_twin_knows(chips: list[Path]) -> None:
    rates = [load_chip(each).matter.rates for each in (*chips, TWIN)]
    assert len({each.kp0 for each in rates}) == len(rates)
    assert len({each.g_max for each in rates}) == len(rates)
    assert {each.noise for each in rates} == {3.2e-4}


def test_a_twin_helps_on_chips_that_it_does_not_know(chips: list[Path], tmp_path: Path) -> None:
    without = [programmed("program-threshold", chip, seed, tmp_path) for seed, chip in zip(CHIPS, chips, strict=True)]
    guided = [with_twin(chip, seed, tmp_path)[0] for seed, chip in zip(CHIPS, chips, strict=True)]
    assert all(each.off <= 0.01 for each in guided)
    assert np.mean([each.pulses for each in guided]) < 0.7 * np.mean([each.pulses for each in without])
    assert np.mean([each.off for each in guided]) < np.mean([each.off for each in without])


def test_on_the_chip_that_it_knows_the_first_pulses_hit(tmp_path: Path) -> None:
    found, beside = with_twin(load_chip(TWIN).path, 3, tmp_path)
    assert found.off <= 0.01
    assert found.pulses <= 2
    assert 7 <= beside.asked / (found.pulses + 1) <= 10


@pytest.mark.parametrize("name", ["program-threshold", "program-twin"])
def test_a_target_out_of_reach_costs_no_more_than_the_pulses_allowed(name: str, tmp_path: Path) -> None:
    beside = Beside(str(load_chip(TWIN).path)) if name == "program-twin" else None
    found = programmed(name, load_chip(TWIN).path, 1, tmp_path, twin=beside, count=5, tolerance=1e-3, width="25 ms")
    assert found.pulses == 5
    assert found.error < -0.5
