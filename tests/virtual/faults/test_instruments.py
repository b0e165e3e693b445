"""What befalls instruments themselves: a 2636B (and its relatives) seen over its wire."""

from __future__ import annotations

from pathlib import Path

import pytest
from virtual.faults.tables import OHM, Table

ON = ("smua.source.limiti = 1e-2", "smua.source.levelv = 1", "smua.source.output = 1")


def test_an_error_appears_in_the_queue_by_itself(tmp_path: Path) -> None:
    table = Table(
        tmp_path, '[[fault]]\nat = "a"\ndo = "error"\nwhen = "3 s"\ncode = 5001\ntext = "SMU is unresponsive"\n'
    )
    assert table.number("errorqueue.count") == 0
    table.world.wait(3)
    assert int(table.number("status.condition")) & 4
    assert table.error() == (5001, "SMU is unresponsive")
    assert table.error() == (0, "Queue Is Empty")


def test_an_open_interlock_takes_every_output_away_until_it_is_closed(tmp_path: Path) -> None:
    table = Table(tmp_path, '[[fault]]\nat = "b"\ndo = "interlock"\nwhen = "10 s"\nduration = "10 s"\n')
    table.tell(*ON)
    assert table.number("smua.measure.i()") == pytest.approx(1 / OHM, rel=1e-3)
    assert table.bits("measurement.condition") & table.bits("measurement.INTERLOCK") == 2048
    table.world.wait(10)
    assert table.number("smua.source.output") == 0
    assert table.bits("measurement.condition") & 2048 == 0
    assert table.error() == (802, "SMU A: OUTPUT blocked by interlock")
    table.tell("smua.source.output = 1")
    assert table.number("smua.source.output") == 0
    assert table.error() == (802, "SMU A: OUTPUT blocked by interlock")
    table.tell("smua.source.output = 0", "smua.reset()")
    assert table.error()[0] == 0
    table.world.wait(10)
    assert table.bits("measurement.condition") & 2048 == 2048
    assert table.number("smua.source.output") == 0
    table.tell(*ON)
    assert table.number("smua.measure.i()") == pytest.approx(1 / OHM, rel=1e-3)


def test_models_up_to_40_volts_have_an_output_enable_instead(tmp_path: Path) -> None:
    table = Table(tmp_path, '[[fault]]\nat = "a"\ndo = "interlock"\n', model="2602B")
    table.tell("smua.source.output = 1")
    assert table.error() == (5041, "SMU A: Output Enable not asserted")
    assert table.bits("measurement.condition") & table.bits("measurement.OUTPUT_ENABLE") == 0
    assert table.ask("status.measurement.INTERLOCK") == "nil"


def test_a_hot_channel_is_off_until_it_has_cooled_and_the_other_works(tmp_path: Path) -> None:
    table = Table(tmp_path, '[[fault]]\nat = "a"\ndo = "hot"\nmessage = "levelv = 2"\nduration = "5 s"\n')
    table.tell(*ON, "smub.source.output = 1", "status.questionable.instrument.smua.enable = 4096")
    table.tell("status.questionable.instrument.enable = 2", "status.questionable.enable = 8192")
    table.tell("smua.source.levelv = 2")
    assert (table.number("smua.source.output"), table.number("smub.source.output")) == (0, 1)
    assert table.error() == (5046, "SMU A: SMU too hot")
    assert table.bits("questionable.over_temperature.condition") == 2
    assert table.bits("questionable.instrument.smua.condition") == 4096
    assert table.bits("questionable.condition") & 8192
    assert int(table.number("status.condition")) & 8
    table.tell("smua.source.output = 1")
    assert table.error() == (5046, "SMU A: SMU too hot")
    table.world.wait(5)
    table.tell("smua.source.output = 1")
    assert table.number("smua.source.output") == 1
    assert table.bits("questionable.over_temperature.condition") == 0


def test_an_ignored_limit_reads_back_as_it_was_and_acts_as_it_was(tmp_path: Path) -> None:
    table = Table(tmp_path, '[[fault]]\nat = "a"\ndo = "ignored"\nmessage = "limiti = 1e-5"\nduration = "1 min"\n')
    table.tell("smua.source.limiti = 1e-3", "smua.source.limiti = 1e-5", *ON[1:])
    assert table.number("smua.source.limiti") == 1e-3
    assert table.number("errorqueue.count") == 0
    assert table.number("smua.measure.i()") == pytest.approx(1 / OHM, rel=1e-3)
    table.world.wait(60)
    table.tell("smua.source.limiti = 1e-5")
    assert table.number("smua.measure.i()") == pytest.approx(1e-5, rel=1e-2)


def test_an_ignored_output_cannot_be_switched_off(tmp_path: Path) -> None:
    table = Table(tmp_path, '[[fault]]\nat = "a"\ndo = "ignored"\nwhat = "output"\nwhen = "1 s"\n')
    table.tell(*ON)
    table.world.wait(1)
    table.tell("smua.source.output = 0")
    assert table.number("smua.source.output") == 1
    assert table.number("smua.measure.i()") == pytest.approx(1 / OHM, rel=1e-3)


def test_a_reboot_forgets_everything_volatile(tmp_path: Path) -> None:
    table = Table(tmp_path, '[[fault]]\nat = "a"\ndo = "reboot"\nwhen = "10 s"\nboot = "20 s"\n')
    table.tell(*ON, "mark = 42", "format.asciiprecision = 10", 'userstring.add("owner", "us")', "nonsense")
    table.tell("smua.measure.count = 3 smua.measure.i(smua.nvbuffer1)", "loadscript old", "print(1)", "endscript")
    assert (table.number("mark"), table.number("smua.nvbuffer1.n")) == (42, 3)
    gain = table.number("smua.measure.v()")
    table.world.wait(10)
    assert table.ask("mark") == ""
    table.world.wait(20)
    assert table.ask("mark") == "nil"
    assert table.ask("old") == "nil"
    assert table.ask("1") == "1.00000e+00"
    assert table.ask('userstring.get("owner")') == "us"
    assert table.number("errorqueue.count") == 0
    assert (table.number("smua.source.output"), table.number("smua.source.levelv")) == (0, 0)
    assert (table.number("smua.source.limiti"), table.number("smua.nvbuffer1.n")) == (0.1, 0)
    assert table.bits("standard.event") & 128
    table.tell(*ON)
    assert table.number("smua.measure.v()") == pytest.approx(gain, abs=1e-5)


def test_the_power_fails_in_the_middle_of_a_program(tmp_path: Path) -> None:
    table = Table(tmp_path, '[[fault]]\nat = "a"\ndo = "reboot"\nwhen = "1 s"\nboot = "2 s"\n')
    states: list[tuple[float, float]] = []
    table.world.watch(lambda moment: states.append((moment.time, moment.potentials["A"] - moment.potentials["B"])))
    table.tell("smua.source.levelv = 1 smua.source.output = 1 delay(10) smua.source.levelv = 5 print(1)")
    assert table.smu.take() == b""
    assert max(volts for time, volts in states if time >= 1) == pytest.approx(1.0, rel=1e-2)
    assert all(abs(volts) < 0.01 for time, volts in states if time > 1)
    assert table.number("smua.source.output") == 0


def test_what_stands_outlasts_the_power(tmp_path: Path) -> None:
    table = Table(
        tmp_path,
        '[[fault]]\nat = "a"\ndo = "interlock"\n[[fault]]\nat = "a"\ndo = "reboot"\nwhen = "1 s"\nboot = "2 s"\n',
    )
    table.world.wait(5)
    table.tell("smua.source.output = 1")
    assert table.error()[0] == 802
    assert table.strikes == ["interlock", "reboot"]


def test_a_mainframe_that_reboots_opens_its_relays(tmp_path: Path) -> None:
    table = Table(tmp_path, '[[fault]]\nat = "m"\ndo = "reboot"\nwhen = "10 s"\nboot = "5 s"\n', wired=False)
    table.switch('channel.close("1A01,1B02") channel.connectrule = 0 mark = 1')
    assert table.closed() == "1A01;1B02"
    table.tell(*ON)
    assert table.number("smua.measure.i()") == pytest.approx(1 / OHM, rel=1e-3)
    table.world.wait(10)
    assert table.number("smua.measure.i()") == pytest.approx(0, abs=1e-8)
    assert table.closed() == ""
    table.world.wait(5)
    assert table.closed() == "nil"
    table.switch("print(mark, channel.connectrule, channel.getcount('1A01'))")
    assert table.matrix.take() == b"nil\t1.00000e+00\t1\n"
