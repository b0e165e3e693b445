"""A sweep with a twin beside each point: what it answers and what it tells do not depend on where points are played."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import command as nwlab
from lab.test_sweep import rows_of

from nwlab.core.errors import UsageError
from nwlab.lab.places import find
from nwlab.lab.sweep.asking import ask
from nwlab.lab.sweep.point import PLAYED, Studio

TWIN = "stochastic-2025"
TWIN_FILE = find("chip", TWIN)


def points(**asked: Any) -> list[dict[str, Any]]:
    """Play all points of an order here."""
    order = ask(**{"chips": [TWIN], "settings": {}, "vary": [], "twin": TWIN, **asked})
    studio = Studio(order)
    rows = [studio.play(number) for number in range(order.points)]
    assert {row["status"] for row in rows} == {PLAYED}, rows
    return rows


def test_a_twin_programs_many_chips(tmp_path: Path) -> None:
    tables: list[bytes] = []
    for where in ("serial", "processes:2"):
        words = ("sweep", "program-twin", "--twin", TWIN, "--seeds", "4", "--set", "target=20 uS", "--executor", where)
        done = nwlab(*words, "--out", where.replace(":", ""), "--json", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        tables.append((tmp_path / json.loads(done.stdout)["table"]).read_bytes())
    assert tables[0] == tables[1]
    rows = rows_of(tables[0])
    for row in rows:
        assert row["reached 1 program_twin"] == "true"
        assert float(row["conductance 1 program_twin (S)"]) == pytest.approx(20e-6, rel=0.01)
        assert 0 < int(row["pulses 1 program_twin"]) <= 40
        assert int(row["twin_residuals"]) > 0
    assert len({row["conductance 1 program_twin (S)"] for row in rows}) == 4


def test_it_sees_which_chips_are_other_ones() -> None:
    """A published film, and one whose noise is three times as strong."""
    known, other = points(
        protocol="stochastic",
        settings={"count": "3000"},
        vary=[("chip.model.parameters.noise", "3.2e-4 1/sqrt(s), 9.6e-4 1/sqrt(s)")],
        seed=3,
    )
    assert known["twin"]["twin_residuals"] == other["twin"]["twin_residuals"] >= 3000
    assert known["twin"]["twin_changed"] == ""
    assert known["twin"]["twin_spread"] == pytest.approx(1.0, abs=0.06)
    assert "σ" in other["twin"]["twin_changed"].split()
    assert other["twin"]["twin_alarms"] > known["twin"]["twin_alarms"]
    assert other["twin"]["twin_spread"] > 1.2


def test_every_point_begins_with_a_fresh_twin() -> None:
    """The same chance gives the same row, whatever was followed before."""
    first, _, again = points(protocol="stochastic", settings={"count": "60"}, vary=[("chip.seed", "5, 6, 5")])
    assert {**first, "point": 2} == again


def test_a_twin_of_another_chip_is_refused() -> None:
    with pytest.raises(UsageError, match="needs the same ones in the same order"):
        ask("stochastic", [TWIN], {}, [], twin="nw16")


def test_what_the_limits_forbid_is_not_asked() -> None:
    order = ask("program-twin", [TWIN], {}, [("chip.limits.voltage", "5 V, 4 V")], twin=TWIN)
    rows = [Studio(order).play(number) for number in range(order.points)]
    assert [row["status"] for row in rows] == ["played", "refused"]
    assert "exceeds the limit of 4 V" in rows[1]["reason"]
    assert "it was refused in step 1 program_twin (" in rows[1]["reason"]


def test_what_was_followed_by_one_twin_is_not_continued_beside_another(tmp_path: Path) -> None:
    words = ("sweep", "stochastic", "--set", "count=20", "--seeds", "1", "--executor", "serial", "--out", "s")
    assert nwlab(*words, "--twin", TWIN, cwd=tmp_path).returncode == 0
    before = (tmp_path / "s/table.csv").read_bytes()
    own = TWIN_FILE.read_text(encoding="utf-8").replace("sqrt(s)", "sqrt(s) ")
    (tmp_path / "own.toml").write_text(own, encoding="utf-8")
    for other in ((), ("--twin", "own.toml")):
        done = nwlab(*words, *other, cwd=tmp_path)
        assert done.returncode == 2
        assert "the chip file of the twin (--twin) is not the same now" in done.stderr
    done = nwlab(*words, "--twin", TWIN, "--twin-filter", "off", cwd=tmp_path)
    assert "the filter of the twin (--twin-filter) is not the same now" in done.stderr
    assert (tmp_path / "s/table.csv").read_bytes() == before


@pytest.mark.parametrize("command", ["sweep", "run"])
def test_a_filter_without_a_twin_is_refused(tmp_path: Path, command: str) -> None:
    done = nwlab(command, "stochastic", "--twin-filter", "off", "--out", "s", cwd=tmp_path)
    assert done.returncode == 2
    assert "--twin-filter off says how a twin is corrected, but there is none: add --twin CHIP" in done.stderr
    assert not (tmp_path / "s").exists()


def test_a_file_is_no_folder_for_a_sweep(tmp_path: Path) -> None:
    (tmp_path / "s").write_text("mine", encoding="utf-8")
    done = nwlab("sweep", "stochastic", "--set", "count=20", "--out", "s", cwd=tmp_path)
    assert done.returncode == 2
    assert "s is a file: --out names a folder" in done.stderr


def test_a_power_cut_during_the_first_write_leaves_a_folder_that_serves(tmp_path: Path) -> None:
    (tmp_path / "s").mkdir()
    (tmp_path / "s/.sweep.json.new").write_text('{"form', encoding="utf-8")
    done = nwlab("sweep", "stochastic", "--set", "count=20", "--executor", "serial", "--out", "s", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in (tmp_path / "s").iterdir()) == ["points.jsonl", "sweep.json", "table.csv"]
