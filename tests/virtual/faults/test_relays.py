"""Relays that do not do what they are told, as the mainframe tells it and as the chip has it."""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual.faults.tables import OHM, Table

from nwlab.virtual.witness import Moment

DRIVEN = ("smua.source.limiti = 1e-3", "smua.source.levelv = 1", "smua.source.output = 1")


def current(table: Table) -> float:
    return table.number("smua.measure.i()") * OHM


def held(word: str, more: str = "") -> str:
    return f'[[fault]]\nat = "m"\ndo = "{word}"\ncrosspoint = "A1"\n{more}'


@pytest.mark.parametrize(("more", "told"), [("", "1B02"), ("seen = false", "1A01;1B02")])
def test_a_stuck_relay_stays_open(tmp_path: Path, more: str, told: str) -> None:
    table = Table(tmp_path, held("stuck-open", more), wired=False)
    table.tell(*DRIVEN)
    table.switch('channel.close("1A01,1B02")')
    assert table.closed() == told
    assert current(table) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(("more", "told"), [("", "1A01"), ("seen = false", "nil")])
def test_a_welded_relay_stays_closed(tmp_path: Path, more: str, told: str) -> None:
    table = Table(tmp_path, held("welded", f'when = "10 s"\nduration = "10 s"\n{more}'), wired=False)
    table.tell(*DRIVEN)
    table.switch('channel.close("1A01,1B02")')
    table.world.wait(10)
    table.switch('channel.open("allslots")')
    assert table.closed() == told
    table.switch('channel.close("1B02")')
    assert current(table) == pytest.approx(1, rel=1e-2)
    table.world.wait(10)
    assert table.closed() == "1B02"
    assert current(table) == pytest.approx(0, abs=1e-3)


def test_a_welded_relay_holds_through_a_power_cut(tmp_path: Path) -> None:
    reboot = '[[fault]]\nat = "m"\ndo = "reboot"\nwhen = "1 s"\nboot = "1 s"\n'
    table = Table(tmp_path, held("welded") + reboot, wired=False)
    table.world.wait(3)
    assert table.closed() == "1A01"


def test_a_bouncing_contact_comes_to_rest_after_its_time(tmp_path: Path) -> None:
    table = Table(tmp_path, held("bouncing", 'lasting = "50 ms"\n'), wired=False)
    table.tell(*DRIVEN)
    moved: list[Moment] = []
    table.switch('channel.close("1B02")')
    table.world.watch(moved.append)
    table.switch('channel.close("1A01")')
    begun = table.world.now()
    table.world.wait(0.2)
    after = [moment for moment in moved if moment.after]
    assert len(after) == 7
    conducts = [abs(moment.moving["A", 1]) < 0.1 for moment in after]
    assert conducts == [True, False, True, False, True, False, True]
    assert after[-1].time - begun == pytest.approx(0.05, abs=1e-3)
    assert current(table) == pytest.approx(1, rel=1e-2)
