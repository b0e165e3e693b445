"""`nwlab show` of the folder of a sweep: how far it is, and where its table is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from lab.test_one_bench import nwlab

from nwlab.lab.sweep.asking import ask
from nwlab.lab.sweep.book import Book
from nwlab.lab.sweep.order import SweepOrder

SHOW = ("show", "s")


@pytest.fixture
def order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SweepOrder:
    """Two points; the current folder is empty."""
    monkeypatch.chdir(tmp_path)
    return ask("pulses", ["resistor-10k"], {}, [("amplitude", "1 V,2 V")])


def row(order: SweepOrder, number: int) -> dict[str, object]:
    return {"point": number, "seed": order.point(number).seed, "status": "played", "chip_time": 1.0, "pairs": {}}


def told(capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    assert nwlab(*SHOW) == 0
    lines = [line.partition(":") for line in capsys.readouterr().out.splitlines()]
    return {name: text.strip() for name, _, text in lines}


def test_a_sweep_is_named_as_one_and_points_to_its_table(order: SweepOrder, capsys: pytest.CaptureFixture[str]) -> None:
    book = Book(Path("s"), order, {})
    book.add([row(order, 1)])
    running = told(capsys)
    assert (running["sweep"], running["status"], running["points"]) == ("s", "running", "1 of 2")
    assert running["protocol"].endswith("protocols/pulses.toml")
    assert running["table"] == "none yet: it is made when the sweep ends; the same command goes on"
    book.close()
    assert {**told(capsys), "table": ""} == {**running, "status": "interrupted", "table": ""}
    again = Book(Path("s"), order, {})
    assert told(capsys)["status"] == "running"
    again.add([row(order, 0)])
    again.close()
    ended = told(capsys)
    assert (ended["status"], ended["points"], ended["table"]) == ("finished", "2 of 2", "s/table.csv")
    assert nwlab(*SHOW, "--json") == 0
    content = json.loads(capsys.readouterr().out)
    assert (content["sweep"], content["points"], content["kept"], content["table"]) == ("s", 2, 2, "s/table.csv")


def test_points_that_are_played_again_count_once(order: SweepOrder, capsys: pytest.CaptureFixture[str]) -> None:
    book = Book(Path("s"), order, {})
    book.add([row(order, 0), {**row(order, 1), "status": "failed", "exit": 1, "reason": "memory"}])
    book.close()
    assert (told(capsys)["status"], told(capsys)["points"]) == ("finished", "2 of 2")
    again = Book(Path("s"), order, {})
    again.add([row(order, 1)])
    assert told(capsys)["points"] == "2 of 2"
    again._file.close()
    assert told(capsys)["status"] == "interrupted"


def test_a_sweep_that_cannot_be_read_is_told(order: SweepOrder, capsys: pytest.CaptureFixture[str]) -> None:
    Book(Path("s"), order, {}).close()
    Path("s/sweep.json").write_text("{", encoding="utf-8")
    assert nwlab(*SHOW) == 3
    assert "s/sweep.json: cannot be read; what there is of the sweep's points stands beside it in points.jsonl" in (
        capsys.readouterr().err
    )
