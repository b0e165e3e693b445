"""Programming a chip to a conductance: with a twin it takes fewer pulses, also where the twin knows another chip."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from lab.unknown import TARGET, TWIN, Outcome, programmed, unknown_chip
from twin.beside import Beside

from nwlab.core.errors import DriveError
from nwlab.core.result import RESULT
from nwlab.lab import command_run
from nwlab.lab.opening import load_chip
from nwlab.lab.sweep.asking import ask
from nwlab.lab.sweep.batch import play_batch
from nwlab.report.notes import said
from nwlab.runs.recording import load_run

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
    assert all(each.told["reached"] for each in guided)
    for each in (*without, *guided):
        assert_told(each)
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
    assert found.told["reached"] is False
    assert_told(found)


def assert_told(found: Outcome) -> None:
    """What a step says of itself is what its readings say."""
    assert found.told["pulses"] == found.pulses
    assert found.told["deviation"] == pytest.approx(found.error, rel=1e-12)
    conductance = found.told["conductance"]
    assert conductance["unit"] == "S"
    assert conductance["value"] == pytest.approx(TARGET * (1 + found.error), rel=1e-12)
    assert 0 < conductance["error"] < 0.02 * conductance["value"]


@pytest.mark.parametrize("name", ["program-threshold", "program-twin"])
@pytest.mark.parametrize("lowest", ["3 V", "2.5 V"])
def test_a_span_of_pulses_that_is_none_is_refused_before_the_first_drive(
    name: str, lowest: str, tmp_path: Path
) -> None:
    beside = Beside(str(load_chip(TWIN).path))
    with pytest.raises(DriveError, match=rf"lowest = {lowest} to highest = 2\.5 V, which leaves no choice") as raised:
        programmed(name, load_chip(TWIN).path, 1, tmp_path, twin=beside, lowest=lowest, highest="2.5 V")
    assert "no pulse was played" in str(raised.value)
    assert beside.asked == 0
    (folder,) = tmp_path.iterdir()
    assert len(load_run(folder).drives) == 0


def test_pulses_stay_in_the_span_that_is_set(tmp_path: Path) -> None:
    programmed("program-threshold", load_chip(TWIN).path, 1, tmp_path, lowest="3.35 V", highest="4 V")
    (folder,) = tmp_path.iterdir()
    run = load_run(folder)
    pulses = [float(each.drive.forces[0].levels[0]) for each in run.drives if each.steps == 4]
    assert (min(pulses), max(pulses)) == (3.35, 4.0)


def test_what_came_of_it_is_told_at_the_end(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = programmed("program-threshold", load_chip(TWIN).path, 3, tmp_path)
    (folder,) = tmp_path.iterdir()
    run = load_run(folder)
    command_run.report(run, [], as_json=False)
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("result:")]
    assert line.split(None, 1)[1].startswith(f"1 program_threshold: reached yes, pulses {found.pulses}, conductance ")
    command_run.report(run, [], as_json=True)
    assert json.loads(capsys.readouterr().out)["results"] == {"1 program_threshold": found.told}
    assert [said(note) for note in run.notes if note["kind"] == RESULT] == [line.split(None, 1)[1]]


def test_a_sweep_plays_it_too() -> None:
    order = ask("program-threshold", [TWIN], {}, [("target", "15 uS,20 uS")])
    rows = play_batch(order.words(), (0, 1)).rows
    assert [row["status"] for row in rows] == ["played", "played"]
    ends = [row["pairs"]["A:B"]["final_conductance"] for row in rows]
    assert ends == pytest.approx([15e-6, 20e-6], rel=0.05)
