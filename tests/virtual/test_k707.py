"""A switching mainframe as its clients see it, and as the chip does."""

from __future__ import annotations

import pytest
from virtual.resistor_film import ResistorFilm

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Quantity
from nwlab.core.errors import UsageError
from nwlab.core.wiring import COMMON, Grid, Wiring
from nwlab.virtual.k707 import Virtual707
from nwlab.virtual.port import Output
from nwlab.virtual.relays import OPERATE, RELEASE
from nwlab.virtual.world import World

GRID = Grid("m", {"A": "a.hi", "B": COMMON}, {1: "A", 2: "B", 13: "B"})


@pytest.fixture
def world() -> World:
    return World(ResistorFilm(2, (0, 1, 1e3)), Wiring(("A", "B"), (GRID,)), VirtualClock())


@pytest.fixture
def matrix(world: World) -> Virtual707:
    return Virtual707(world, "m")


def ask(matrix: Virtual707, expression: str) -> str:
    matrix.receive(f"print({expression})\n".encode())
    return matrix.take().decode().removesuffix("\n")


def tell(matrix: Virtual707, *commands: str) -> None:
    for command in commands:
        matrix.receive(command.encode() + b"\r\n")
    assert matrix.take() == b""


def error(matrix: Virtual707) -> tuple[float, str]:
    code, text, *_ = ask(matrix, "errorqueue.next()").split("\t")
    return float(code), text


def test_identity(matrix: Virtual707, world: World) -> None:
    matrix.receive(b"*IDN?\n")
    assert matrix.take().startswith(b"Keithley Instruments Inc., Model 707B, ")
    assert ask(matrix, "localnode.model") == "707B"
    assert ask(matrix, "slot[6].idn").startswith("7174,8x12")
    assert ask(Virtual707(world, "m", model="708B"), "slot[2]") == "nil"


def test_an_unknown_model_is_refused(world: World) -> None:
    with pytest.raises(UsageError, match="707B, 708B"):
        Virtual707(world, "m", model="709")


def test_closed_channels_are_told_in_order(matrix: Virtual707) -> None:
    assert ask(matrix, 'channel.getclose("allslots")') == "nil"
    tell(matrix, 'channel.close("2A01, 1C03")', 'channel.close("1A01:1A02")')
    assert ask(matrix, 'channel.getclose("allslots")') == "1A01;1A02;1C03;2A01"
    assert ask(matrix, 'channel.getclose("slot2")') == "2A01"
    assert ask(matrix, 'channel.getstate("1A01:1A03")') == "1,1,0"
    assert error(matrix) == (0.0, "Queue Is Empty")


def test_exclusive_closing_opens_the_others(matrix: Virtual707) -> None:
    tell(matrix, 'channel.close("1A01,2A01,3A01")', 'channel.exclusiveslotclose("3A03")')
    assert ask(matrix, 'channel.getclose("allslots")') == "1A01;2A01;3A03"
    tell(matrix, 'channel.exclusiveclose("2B02")')
    assert ask(matrix, 'channel.getclose("allslots")') == "2B02"
    tell(matrix, 'channel.exclusiveclose("")')
    assert ask(matrix, 'channel.getclose("allslots")') == "nil"


@pytest.mark.parametrize(
    "command",
    [
        'channel.close("allslots")',
        'channel.close("1A13")',
        'channel.close("1A01,1Z01")',
        "channel.close()",
        "channel.open(nil)",
        'channel.setdelay("1A01")',
        'channel.open("1B01", 2)',
        'channel.open("slot9")',
        'channel.setdelay("1A01", -1)',
        'channel.setdelay("1A01", "long")',
        "channel.connectrule = 3",
        'channel.pattern.getimage("nopath")',
        'channel.pattern.setimage("1A01", "slot1")',
    ],
)
def test_what_cannot_be_done_leaves_an_error_and_moves_nothing(matrix: Virtual707, command: str) -> None:
    tell(matrix, 'channel.close("1B01")', command)
    code, text = error(matrix)
    assert code == 1115
    assert text.startswith("Parameter error")
    assert ask(matrix, 'channel.getclose("allslots")') == "1B01"


def test_a_708b_has_one_slot(world: World) -> None:
    matrix = Virtual707(world, "m", model="708B")
    tell(matrix, 'channel.close("2A01")')
    assert error(matrix)[0] == 1115
    tell(matrix, 'channel.close("1H12")')
    assert ask(matrix, 'channel.getclose("allslots")') == "1H12"


def test_forbidden_channels_stay_open(matrix: Virtual707) -> None:
    tell(matrix, 'channel.pattern.setimage("1A01,1A02", "path")', 'channel.setforbidden("1A01:1A03")')
    assert ask(matrix, 'channel.getforbidden("allslots")') == "1A01,1A02,1A03"
    tell(matrix, 'channel.close("1A04,1A02")')
    assert "1A02 is forbidden" in error(matrix)[1]
    assert ask(matrix, 'channel.getclose("allslots")') == "nil"
    assert ask(matrix, "channel.pattern.catalog()()") == "nil"
    tell(matrix, 'channel.clearforbidden("allslots")', 'channel.close("1A02")')
    assert ask(matrix, 'channel.getclose("allslots")') == "1A02"
    assert ask(matrix, 'channel.getforbidden("1A01")') == "nil"


def test_patterns_are_channels_with_a_name(matrix: Virtual707) -> None:
    tell(matrix, 'channel.pattern.setimage("1B02,1B04", "myChans")', 'channel.close("1A01, myChans")')
    assert ask(matrix, 'channel.getclose("allslots")') == "1A01;1B02;1B04"
    tell(matrix, 'channel.pattern.snapshot("now")', 'channel.pattern.delete("myChans")')
    assert ask(matrix, 'channel.pattern.getimage("now")') == "1A01,1B02,1B04"
    tell(matrix, 'names = ""', "for name in channel.pattern.catalog() do names = names .. name end")
    assert ask(matrix, "names") == "now"


def test_closures_are_counted_for_each_relay(matrix: Virtual707) -> None:
    tell(matrix, *['channel.close("1A01")', 'channel.open("1A01")'] * 3, 'channel.close("1A01,1A02")')
    assert ask(matrix, 'channel.getcount("1A01,1A02,1A03")') == "4,1,0"


def test_reset_opens_everything_and_restores_the_rule(matrix: Virtual707) -> None:
    tell(matrix, "channel.connectrule = channel.OFF", "channel.connectsequential = channel.ON")
    tell(matrix, 'channel.setdelay("1A01", 0.5)', 'channel.close("1A01")', "reset()")
    assert ask(matrix, 'channel.getclose("allslots")') == "nil"
    assert ask(matrix, "channel.connectrule") == "1.00000e+00"
    assert ask(matrix, "channel.connectsequential") == "0.00000e+00"
    assert ask(matrix, 'channel.getdelay("1A01")') == "0.00000e+00"


def test_switching_takes_world_time(matrix: Virtual707, world: World) -> None:
    tell(matrix, 'channel.setdelay("1A02", 0.5)', 'channel.close("1A01")')
    before = world.now()
    tell(matrix, 'channel.exclusiveclose("1A02")')
    assert world.now() - before == pytest.approx(RELEASE + OPERATE + 0.5, abs=2e-3)


def test_a_closed_crosspoint_carries_current(matrix: Virtual707, world: World) -> None:
    world = World(ResistorFilm(2, (0, 1, 1e3)), Wiring(("A", "B"), (GRID,), (("a.lo", COMMON),)), VirtualClock())
    matrix = Virtual707(world, "m")
    world.force("a", Output(Quantity.VOLTAGE, 1.0, 0.1))
    assert abs(world.present("a").current) < 1e-12
    tell(matrix, 'channel.close("1A01,2B01")')
    assert world.present("a").current == pytest.approx(1e-3, rel=1e-4)
    tell(matrix, 'channel.open("2B01")')
    assert abs(world.present("a").current) < 1e-12
    tell(matrix, 'channel.close("1B02")')
    assert world.present("a").current == pytest.approx(1e-3, rel=1e-4)


def test_a_message_may_come_in_pieces_and_a_device_clear_drops_half_of_one(matrix: Virtual707) -> None:
    matrix.receive(b'channel.close("1A')
    matrix.receive(b'01")\n')
    assert ask(matrix, 'channel.getclose("allslots")') == "1A01"
    matrix.receive(b'channel.close("1A02')
    matrix.clear()
    assert ask(matrix, 'channel.getclose("allslots")') == "1A01"


def test_queues_and_beeper_do_what_clients_ask(matrix: Virtual707) -> None:
    tell(matrix, "errorqueue.clear()", "dataqueue.clear()", "dataqueue.add(7)", "beeper.enable = beeper.OFF")
    assert ask(matrix, "dataqueue.count") == "1.00000e+00"
    assert ask(matrix, "dataqueue.next()") == "7.00000e+00"
    assert ask(matrix, "dataqueue.next()") == "nil"
    assert ask(matrix, "beeper.enable") == "0.00000e+00"
    assert ask(matrix, "status.condition") == "0.00000e+00"
    tell(matrix, "beeper.enable = beeper.ON", "beeper.beep(2, 2400)", "*RST", "*CLS")
    assert error(matrix)[0] == 0
