"""A sweep with a twin beside each point: what it answers and what it tells do not depend on where points are played."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command import command as nwlab
from lab.test_sweep import rows_of

from nwlab.core.errors import UsageError
from nwlab.lab.sweep.asking import ask
from nwlab.lab.sweep.point import PLAYED, Studio

TWIN = "stochastic-2025"


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
