"""The in-process library behaves as a VISA does towards PyVISA and its clients."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import pyvisa
from pyvisa import constants
from pyvisa.resources import MessageBasedResource
from virtual.parrot import Parrot
from virtual.resistor_film import ResistorFilm

from nwlab.core.clock import VirtualClock
from nwlab.core.wiring import Wiring
from nwlab.virtual.visa import NwlabVisaLibrary
from nwlab.virtual.world import World

GPIB = "GPIB0::16::INSTR"
SOCKET = "TCPIP0::127.0.0.1::5025::SOCKET"
ADDRESSES = (
    GPIB,
    SOCKET,
    "TCPIP::10.0.0.1::inst0::INSTR",
    "USB0::0x5E6::0x2636::123::INSTR",
    "ASRL3::INSTR",
    "virtual:a",
)


@pytest.fixture
def world() -> World:
    return World(ResistorFilm(1), Wiring(("A",)), VirtualClock())


@pytest.fixture
def parrot(world: World) -> Parrot:
    return Parrot(world)


@pytest.fixture
def manager(world: World, parrot: Parrot) -> Iterator[pyvisa.ResourceManager]:
    manager = pyvisa.ResourceManager(NwlabVisaLibrary.of(dict.fromkeys(ADDRESSES, parrot), world))
    yield manager
    manager.close()


def connect(manager: pyvisa.ResourceManager, address: str = GPIB, **options: object) -> MessageBasedResource:
    resource = manager.open_resource(address, **options)
    assert isinstance(resource, MessageBasedResource)
    return resource


@pytest.mark.parametrize("address", ADDRESSES)
def test_any_address_form_opens_and_answers(manager: pyvisa.ResourceManager, address: str) -> None:
    parrot = connect(manager, address, read_termination="\n", write_termination="\n")
    assert parrot.query("say hello") == "hello"


def test_resources_are_listed_by_expression(manager: pyvisa.ResourceManager) -> None:
    assert manager.list_resources("GPIB?*") == (GPIB,)
    assert SOCKET in manager.list_resources("?*")
    assert manager.resource_info(GPIB).interface_type is constants.InterfaceType.gpib


def test_what_is_not_there_cannot_be_opened(manager: pyvisa.ResourceManager) -> None:
    with pytest.raises(pyvisa.VisaIOError) as failure:
        manager.open_resource("GPIB0::17::INSTR")
    assert failure.value.error_code == constants.StatusCode.error_resource_not_found


def test_a_gpib_read_ends_with_the_message_and_a_socket_read_with_its_terminator(
    manager: pyvisa.ResourceManager,
) -> None:
    gpib, socket = connect(manager), connect(manager, SOCKET, read_termination="\n")
    gpib.write("say one|two")
    assert [gpib.read(), gpib.read()] == ["one\n", "two\n"]
    socket.write("say one|two")
    assert [socket.read(), socket.read()] == ["one", "two"]


def test_a_gpib_message_needs_no_terminator_but_a_socket_message_does(
    manager: pyvisa.ResourceManager, parrot: Parrot
) -> None:
    connect(manager, GPIB, write_termination="").write("first")
    assert parrot.heard == ["first"]
    socket = connect(manager, SOCKET, write_termination="")
    socket.write("sec")
    assert parrot.heard == ["first"]
    socket.write("ond\n")
    assert parrot.heard == ["first", "second"]


def test_a_socket_without_a_read_termination_times_out_and_loses_the_reply(
    manager: pyvisa.ResourceManager, world: World
) -> None:
    socket = connect(manager, SOCKET, timeout=3000)
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_TMO"):
        socket.query("say hello")
    assert world.now() == pytest.approx(3.0)
    socket.read_termination = "\n"
    assert socket.query("say again") == "again"


def test_a_read_of_nothing_takes_the_time_out_of_world_time(manager: pyvisa.ResourceManager, world: World) -> None:
    parrot = connect(manager, timeout=500_000)
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_TMO"):
        parrot.read()
    assert world.now() == pytest.approx(500.0)


def test_an_infinite_time_out_ends(manager: pyvisa.ResourceManager) -> None:
    parrot = connect(manager)
    parrot.timeout = None
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_TMO"):
        parrot.read()


def test_a_reply_that_comes_while_reading_is_taken(manager: pyvisa.ResourceManager, world: World) -> None:
    parrot = connect(manager, timeout=5000)
    parrot.write("later 1.5 ready")
    assert parrot.read() == "ready\n"
    assert 1.5 <= world.now() < 1.6


def test_a_late_reply_is_taken_for_the_next_ones_answer(manager: pyvisa.ResourceManager) -> None:
    parrot = connect(manager, timeout=2000)
    parrot.write("busy 3")
    parrot.write("say first")
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_TMO"):
        parrot.read()
    parrot.write("say second")
    assert parrot.read() == "first\n"
    parrot.clear()
    assert parrot.query("say third") == "third\n"


def test_an_instrument_catches_up_while_its_host_sleeps(manager: pyvisa.ResourceManager, world: World) -> None:
    parrot = connect(manager, timeout=2000)
    parrot.write("busy 3")
    world.wait(1.5)
    assert parrot.query("say done") == "done\n"


def test_binary_blocks_may_hold_line_feeds(manager: pyvisa.ResourceManager) -> None:
    parrot = connect(manager)
    assert parrot.query_binary_values("block 0a0a0a0a", "B", header_fmt="ieee", data_points=4)[:4] == [10] * 4


def test_long_replies_come_in_chunks(manager: pyvisa.ResourceManager) -> None:
    parrot = connect(manager)
    parrot.chunk_size = 7
    assert parrot.query("say " + "x" * 50) == "x" * 50 + "\n"


def test_bytes_are_read_by_count(manager: pyvisa.ResourceManager) -> None:
    socket = connect(manager, SOCKET)
    socket.write("say abcdef")
    assert socket.read_bytes(4) == b"abcd"
    assert socket.read_bytes(3) == b"ef\n"


def test_clear_reaches_the_device_only_over_a_link_that_can(manager: pyvisa.ResourceManager, parrot: Parrot) -> None:
    gpib, socket = connect(manager), connect(manager, SOCKET, read_termination="\n")
    for resource in (gpib, socket):
        resource.write("say old")
        resource.clear()
    assert parrot.cleared == 1
    assert socket.query("say new") == "new"


def test_the_status_byte_tells_of_a_waiting_message(manager: pyvisa.ResourceManager) -> None:
    parrot = connect(manager)
    assert parrot.read_stb() == 64
    parrot.write("say hello")
    assert parrot.read_stb() == 64 + 16
    parrot.read()
    assert parrot.read_stb() == 64


def test_a_socket_has_neither_poll_nor_trigger(manager: pyvisa.ResourceManager, parrot: Parrot) -> None:
    socket = connect(manager, SOCKET)
    for act in (socket.read_stb, socket.assert_trigger):
        with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_NSUP_OPER"):
            act()
    connect(manager).assert_trigger()
    assert parrot.triggered == 1


def test_flushing_drops_what_was_received(manager: pyvisa.ResourceManager) -> None:
    parrot = connect(manager)
    parrot.write("say old")
    parrot.flush(constants.BufferOperation.discard_read_buffer)
    assert parrot.query("say new") == "new\n"


def test_each_session_has_its_own_replies_and_attributes(manager: pyvisa.ResourceManager) -> None:
    first, second = connect(manager, timeout=1000), connect(manager, timeout=9000)
    first.write("say one")
    second.write("say two")
    assert (second.read(), first.read()) == ("two\n", "one\n")
    assert (first.timeout, second.timeout) == (1000, 9000)


def test_attributes_follow_the_kind_of_link(manager: pyvisa.ResourceManager) -> None:
    gpib, serial = connect(manager), connect(manager, "ASRL3::INSTR", baud_rate=115200)
    assert gpib.get_visa_attribute(constants.ResourceAttribute.gpib_primary_address) == 16
    assert gpib.interface_type is constants.InterfaceType.gpib
    assert gpib.send_end is True
    assert serial.get_visa_attribute(constants.VI_ATTR_ASRL_BAUD) == 115200
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_NSUP_ATTR"):
        gpib.get_visa_attribute(constants.VI_ATTR_ASRL_BAUD)
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_ATTR_READONLY"):
        gpib.set_visa_attribute(constants.ResourceAttribute.interface_type, 4)


def test_a_closed_session_is_gone(manager: pyvisa.ResourceManager) -> None:
    parrot = connect(manager)
    handle = parrot.session
    parrot.close()
    with pytest.raises(pyvisa.VisaIOError, match="VI_ERROR_INV_OBJECT"):
        manager.visalib.write(handle, b"say hello\n")
