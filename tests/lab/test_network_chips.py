"""The shipped networks behind simulated instruments, and in words and pictures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command import command

import nwlab
from nwlab.lab.chip_view import facts, lines
from nwlab.lab.places import find
from nwlab.model.chip_file import load_chip

ENDS = {
    "nw16": ("1", "9"),
    "grid21": ("A", "B"),
    "connectome": ("A", "B"),
    "tunnel100": ("A", "B"),
    "lowpass16": ("8", "17"),
}


@pytest.mark.parametrize("chip", ENDS)
def test_pulses_on_the_virtual_bench(tmp_path: Path, chip: str) -> None:
    source, sink = ENDS[chip]
    protocol = nwlab.load_protocol("pulses", source=source, sink=sink, count=6, compliance="1 mA", amplitude="1.5 V")
    with nwlab.open_bench("virtual", chip=chip, seed=1) as bench:
        run = nwlab.run(protocol, bench, out=tmp_path)
    rows = run.rows()
    assert run.status == "finished"
    assert len(rows) == 12
    high = rows.voltage > 0.5
    assert high.sum() == 6
    conductance = rows.current[high] / rows.voltage[high]
    assert ((conductance > 1e-7) & (conductance < 5e-3)).all()


@pytest.mark.parametrize("chip", ["nw16", "tunnel100"])
def test_bench_and_model_agree(tmp_path: Path, chip: str) -> None:
    """The same protocol file; what remains is leads, where a pulse is read, and the meter's error."""
    source, sink = ENDS[chip]
    protocol = nwlab.load_protocol("pulses", source=source, sink=sink, count=4, compliance="1 mA", amplitude="1 V")
    found = []
    for chip_at in (nwlab.open_bench("virtual", chip=chip, seed=1), nwlab.open_model(chip, seed=1)):
        with chip_at as opened:
            rows = nwlab.run(protocol, opened, out=tmp_path).rows()
        found.append(rows.current[rows.voltage > 0.5])
    np.testing.assert_allclose(found[0][1:], found[1][1:], rtol=0.05)


def test_a_chip_in_words() -> None:
    chip = load_chip(find("chip", "connectome"))
    told = "\n".join(lines(chip))
    assert "1500 nodes, 4697 junctions; 26 nodes isolated" in told
    assert "rate-balance" in told
    found = facts(chip)
    assert json.loads(json.dumps(found)) == found
    assert found["conductance"]["A"] == pytest.approx(1.86481e-3, rel=1e-5)
    assert found["not_connected"] == []


def test_the_command(tmp_path: Path) -> None:
    done = command("show", "tunnel100", "--picture", "network.png", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["statistics"]["junctions"] == 260
    assert told["pictures"] == ["network.png"]
    assert (tmp_path / "network.png").stat().st_size > 20_000
    plain = command("show", "resistor-10k", "--picture", "none.png", cwd=tmp_path)
    assert "this chip has no network" in plain.stdout


SPLIT = """
name = "split"
terminals = ["A", "B", "C"]
[network]
path = "split.edges"
[[terminal]]
name = "A"
node = 0
[[terminal]]
name = "B"
node = 1
[[terminal]]
name = "C"
node = 3
[model]
kind = "file"
law = "fixed"
[model.parameters]
conductance = "1 mS"
"""


def test_terminals_without_a_path_read_as_open(tmp_path: Path) -> None:
    (tmp_path / "split.edges").write_text("0 1\n2 3\n", encoding="utf-8")
    (tmp_path / "split.toml").write_text(SPLIT, encoding="utf-8")
    assert "C: no path to the other terminals" in "\n".join(lines(load_chip(tmp_path / "split.toml")))
    protocol = nwlab.load_protocol("pulses", source="A", sink="C", count=2)
    for chip in (
        nwlab.open_bench("virtual", chip=tmp_path / "split.toml"),
        nwlab.open_model(tmp_path / "split.toml"),
    ):
        with chip as opened:
            rows = nwlab.run(protocol, opened, out=tmp_path).rows()
        assert np.abs(rows.current).max() < 1e-8  # the offset of the range
