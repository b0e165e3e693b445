"""Links that go wrong in every way that TCP and an instrument know: an answer or a typed error, never a lie."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Iterator

import numpy as np
import pytest
from drivers.faulty_server import (
    Fault,
    FaultyServer,
    changed,
    endless,
    finished,
    hole,
    late,
    lost,
    reset,
    split,
)
from pymeasure.instruments import Instrument

from nwlab.core.drive import Quantity
from nwlab.core.errors import DriveError, InstrumentError, InterlockError, RebootError, WireError
from nwlab.drivers.keithley2600 import Keithley2600
from nwlab.drivers.link import Link
from nwlab.drivers.roles import Program

TIMEOUT = 200  # ms
LEVEL = "print(smua.source.levelv)"
ACTS = "print(smua.measure.v())"


def connect(server: FaultyServer, **options: object) -> Keithley2600:
    return Keithley2600(server.address, "smu", visa_library="@py", timeout=TIMEOUT, **options)  # type: ignore[arg-type]


def volts(level: float = 0.5) -> Program:
    return Program("a", Quantity.VOLTAGE, np.array([level]), 1e-4)


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    server = FaultyServer()
    server.settings |= {"smua.source.levelv": "1.25", "smua.source.leveli": "2", "smua.measure.v()": "3"}
    yield server
    server.close()


@pytest.fixture
def smu(server: FaultyServer) -> Iterator[Keithley2600]:
    smu = connect(server)
    yield smu
    smu.adapter.close()


def level(smu: Keithley2600) -> float:
    return smu.numbers(LEVEL, 1)[0]


@pytest.mark.fault(
    1, "the late answer was thrown away; the question that acts failed, the one that reads was asked again"
)
def test_a_late_answer_never_answers_another_question(smu: Keithley2600, server: FaultyServer) -> None:
    server.plan("measure.v", late(0.28))
    with pytest.raises(WireError, match=r"smu \(TCPIP.*measure\.v.*was not answered within 200 ms"):
        smu.numbers(ACTS, 1)
    assert [smu.numbers("print(smua.source.leveli)", 1) for _ in range(3)] == [[2.0]] * 3
    before = smu.link.resyncs
    assert before >= 1
    for _ in range(5):  # a computer under load may look so late that the late answer is there
        server.plan("levelv", late(0.28))
        assert level(smu) == 1.25
        if smu.link.retries:
            break
    assert smu.link.retries >= 1
    assert smu.link.resyncs > before
    assert level(smu) == 1.25


@pytest.mark.fault(2, "the second line was found before the next question, and the link brought back into step")
def test_doubled_and_unsolicited_lines_are_found_before_the_next_question(
    smu: Keithley2600, server: FaultyServer
) -> None:
    server.plan("measure.v", changed(lambda reply: reply + reply))
    assert smu.numbers(ACTS, 1) == [3.0]
    assert level(smu) == 1.25
    server.send(b"7.00000e+00\n")
    time.sleep(0.01)
    assert smu.numbers(ACTS, 1) == [3.0]
    assert smu.link.resyncs == 2


@pytest.mark.fault(2, "a line under an earlier question's tag was passed over, one under a tag never used refused")
def test_the_answer_to_another_question_is_no_answer(smu: Keithley2600, server: FaultyServer) -> None:
    server.plan("measure.v", changed(lambda reply: b"1\t7.000000000e+00\n" + reply))
    assert smu.numbers(ACTS, 1) == [3.0]
    assert (smu.link.strays, smu.link.resyncs) == (1, 0)
    server.plan("measure.v", changed(lambda reply: b"99\t3.000000000e+00\n"))
    with pytest.raises(WireError, match="begins with the tag"):
        smu.numbers(ACTS, 1)
    server.plan("measure.v", changed(lambda reply: b"1\t7.000000000e+00\n" * 1000))
    with pytest.raises(WireError, match="nothing but answers to earlier questions"):
        smu.numbers(ACTS, 1)


@pytest.mark.fault(3, "a time-out with the bytes that came; only what reads is asked again")
def test_a_cut_answer_is_a_time_out_with_what_came(smu: Keithley2600, server: FaultyServer) -> None:
    server.plan("measure.v", changed(lambda reply: reply[:-6]))
    with pytest.raises(WireError, match=r"measure\.v.*not answered.*bytes came: '\d+\\t3\.0000"):
        smu.numbers(ACTS, 1)
    server.plan("levelv", changed(lambda reply: reply[:4]), lost)
    assert level(smu) == 1.25
    assert smu.link.retries == 2
    server.plan("levelv", lost, lost, lost)
    with pytest.raises(WireError, match="not answered"):
        level(smu)


@pytest.mark.fault(4, "the same value however the answer was split")
def test_an_answer_split_at_any_byte_is_the_same(smu: Keithley2600, server: FaultyServer) -> None:
    for at in range(1, 19):
        server.plan("levelv", split(at))
        assert level(smu) == 1.25
    assert smu.link.retries == smu.link.resyncs == 0


@pytest.mark.fault(5, "a protocol error with the bytes in hexadecimal")
@pytest.mark.parametrize("garbage", [b"\xff\xfe\x00\n", b"\x80" * 100 + b"\n", b"\xc3\xa9\n"])
def test_garbage_is_a_typed_error_with_its_bytes(smu: Keithley2600, server: FaultyServer, garbage: bytes) -> None:
    server.plan("measure.v", changed(lambda reply: garbage))
    with pytest.raises(WireError, match=rf"measure\.v.*{garbage[:3].strip().hex(' ')}.*ASCII"):
        smu.numbers(ACTS, 1)
    assert level(smu) == 1.25


@pytest.mark.fault(6, "given up after 64 kB, without waiting for the time-out")
def test_an_endless_answer_is_given_up(smu: Keithley2600, server: FaultyServer) -> None:
    server.plan("measure.v", endless)
    with pytest.raises(WireError, match=r"measure\.v.*without end"):
        smu.numbers(ACTS, 1)
    with pytest.raises(WireError, match="without end"):
        level(smu)


@pytest.mark.fault(7, "an error that names the command and what came")
@pytest.mark.parametrize("fields", [b"", b"\t", b"1.0,,3.0,abc", b"1.00000e+00\t2.00000e+00", b"abc", b"nil"])
def test_wrong_fields_name_the_question_and_what_came(smu: Keithley2600, server: FaultyServer, fields: bytes) -> None:
    server.plan("measure.v", changed(lambda reply: reply.partition(b"\t")[0] + b"\t" + fields + b"\n"))
    with pytest.raises(WireError, match=r"answered 'print\(smua\.measure\.v\(\)\)' with "):
        smu.numbers(ACTS, 1)
    assert level(smu) == 1.25


def load_and_start(smu: Keithley2600, server: FaultyServer) -> None:
    smu.load(smu.plan(np.array([0.05]), None, [volts()], hold=False))
    server.settings |= {"smua.nvbuffer1.n": "1", "smua.nvbuffer2.n": "1"}
    smu.start()


@pytest.mark.fault(8, "a reading beyond its range is NaN with a flag; a limit that reads back so counts as violated")
@pytest.mark.parametrize("value", [9.91e37, -9.91e37, 199.999e99, float("inf"), float("-inf"), float("nan")])
def test_an_overflow_is_no_number_and_no_limit(smu: Keithley2600, server: FaultyServer, value: float) -> None:
    server.block = b"#0" + struct.pack("<4d", 0.0, value, value, 0.0) + b"\n"
    load_and_start(smu, server)
    samples = smu.fetch()
    assert samples is not None
    assert samples.overflow.tolist() == [[True]]
    assert np.isnan([samples.current[0, 0], samples.voltage[0, 0]]).all()
    server.deaf["smua.source.limiti"] = str(value)
    with pytest.raises((InstrumentError, WireError)):
        smu.load(smu.plan(np.array([0.05]), None, [volts()], hold=False))
    with pytest.raises(DriveError, match="no confirmed limits"):
        smu.switch_on(["a"])


@pytest.mark.fault(8, "by hand, too, 9.91e37 is NaN")
def test_an_overflow_by_hand_is_no_number(smu: Keithley2600, server: FaultyServer) -> None:
    server.settings["smua.measure.v()"] = "-9.91e37"
    assert np.isnan(smu.channel("a").voltage)


@pytest.mark.fault(9, "a torn block gives no values; what is too long is thrown away before the next question")
@pytest.mark.parametrize(
    "change", [lambda data: data[:-3], lambda data: data + data, lambda data: data.replace(b"#0", b"#3")]
)
def test_a_block_of_the_wrong_length_is_asked_for_again(smu: Keithley2600, server: FaultyServer, change) -> None:  # type: ignore[no-untyped-def]
    server.block = b"#0" + struct.pack("<4d", 0.0, 1e-6, 0.5, 0.0) + b"\n"
    load_and_start(smu, server)
    server.plan("printbuffer", changed(lambda reply: reply[:3] + change(reply[3:])))
    samples = smu.fetch()
    assert samples is not None
    assert samples.current.tolist() == [[1e-6]]
    assert level(smu) == 0
    assert smu.link.resyncs == 1


@pytest.mark.fault(10, "connecting to nobody fails while connecting")
def test_connecting_to_nobody_fails_at_once() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    before = time.monotonic()
    with pytest.raises(WireError, match=rf"smu \(TCPIP::127.0.0.1::{port}::SOCKET\).*nothing listens there"):
        Keithley2600(f"TCPIP::127.0.0.1::{port}::SOCKET", "smu", visa_library="@py")
    assert time.monotonic() - before < 1


@pytest.mark.fault(10, "an address that swallows everything fails within the deadline of connecting")
def test_connecting_to_a_hole_fails_within_its_deadline() -> None:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen(0)
        fillers = [socket.socket() for _ in range(4)]
        for filler in fillers:
            filler.setblocking(False)
            filler.connect_ex(listening.getsockname())
        before = time.monotonic()
        address = f"TCPIP::127.0.0.1::{listening.getsockname()[1]}::SOCKET"
        with pytest.raises(WireError, match=r"no connection|not answered"):
            Keithley2600(address, "smu", visa_library="@py", open_timeout=300, timeout=TIMEOUT)
        assert time.monotonic() - before < 1.5
        for filler in fillers:
            filler.close()


@pytest.mark.fault(11, "another identity is refused, and nothing was sent to it but *IDN?")
def test_another_instrument_is_refused_before_anything_is_sent(server: FaultyServer) -> None:
    server.identity = "ACME,Toaster,1,2"
    with pytest.raises(WireError, match=r"'ACME,Toaster,1,2' to \*IDN\?, which is none of"):
        connect(server)
    assert server.heard == ["*IDN?"]


@pytest.mark.fault(12, "told as a connection that was closed, at once; after that nothing is sent any more")
@pytest.mark.parametrize("at", [0, 5])
def test_a_closed_connection_is_told_as_such_and_stays_closed(smu: Keithley2600, server: FaultyServer, at: int) -> None:
    server.plan("levelv", finished(at))
    before = time.monotonic()
    with pytest.raises(WireError, match=r"levelv.*the link broke: the far end has closed the connection"):
        level(smu)
    assert time.monotonic() - before < 0.1
    heard = len(server.heard)
    for act in (smu.rest, lambda: smu.switch_off(["a"]), smu.outputs, smu.claim):
        with pytest.raises(WireError, match=r"the link is down.*closed.*not opened again"):
            act()
    assert len(server.heard) == heard


@pytest.mark.fault(12, "a peer that left between two questions is noticed before the next one is sent")
def test_a_peer_that_left_meanwhile_is_noticed_before_the_next_question(
    smu: Keithley2600, server: FaultyServer
) -> None:
    server.plan("levelv", lambda client, reply: (client.sendall(reply), client.shutdown(socket.SHUT_RDWR)))
    assert level(smu) == 1.25
    time.sleep(0.01)
    with pytest.raises(WireError, match="the far end has closed"):
        smu.write("smua.source.levelv = 1")


@pytest.mark.fault(13, "a reset is told as a broken link; no second connection is made")
def test_a_reset_is_told_and_nothing_is_opened_again(smu: Keithley2600, server: FaultyServer) -> None:
    server.plan("levelv", reset)
    with pytest.raises(WireError, match="the link broke"):
        level(smu)
    with pytest.raises(WireError, match="the link is down"):
        level(smu)
    assert len(server._clients) == 1


@pytest.mark.fault(13, "silence ends with the time-out each time, and the safe order is sent into it all the same")
def test_a_black_hole_costs_bounded_time(smu: Keithley2600, server: FaultyServer) -> None:
    server.plan("levelv", hole)
    before = time.monotonic()
    with pytest.raises(WireError, match="was not answered"):
        level(smu)
    with pytest.raises(WireError, match="was not answered"):
        smu.rest()
    assert time.monotonic() - before < 5 * TIMEOUT / 1000
    connection = smu.link._port._socket  # type: ignore[attr-defined]
    assert connection.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1


@pytest.mark.fault(
    15, "the lost mark was noticed at the next question; nothing was replayed, the safe order still works"
)
def test_a_reboot_is_noticed_at_the_next_question(smu: Keithley2600, server: FaultyServer) -> None:
    smu.claim()
    load_and_start(smu, server)
    server.reboot()
    heard = len(server.heard)
    with pytest.raises(
        RebootError, match=r"smu .*was switched off or rebooted.*settings are gone; nothing was replayed"
    ):
        smu.fetch()
    smu.rest()
    smu.switch_off(["a"])
    assert smu.outputs() == {"a": False}
    assert not any("limit" in line or "OUTPUT_ON" in line for line in server.heard[heard:])
    with pytest.raises(DriveError, match="no confirmed limits"):
        smu.switch_on(["a"])


@pytest.mark.fault(15, "another program's mark was noticed at the next question")
def test_another_program_is_noticed_at_the_next_question(smu: Keithley2600, server: FaultyServer) -> None:
    smu.claim()
    assert level(smu) == 1.25
    other = connect(server)
    other.claim()
    with pytest.raises(RebootError, match="was taken over by another program"):
        level(smu)
    assert level(other) == 1.25
    other.adapter.close()


@pytest.mark.fault(15, "what is sent at connecting does not change the instrument")
def test_connecting_leaves_no_mark(smu: Keithley2600, server: FaultyServer) -> None:
    assert all(line == "*IDN?" or line.startswith("print(") for line in server.heard)


@pytest.mark.fault(16, "raised where it was written; after an error on a limit the output stays barred")
def test_an_error_at_a_limit_bars_the_output(smu: Keithley2600, server: FaultyServer) -> None:
    server.settings |= {
        "errorqueue.count": "1",
        "errorqueue.next()": '"1.102000000e+03\tParameter too small\t2.000000000e+01\t1.000000000e+00"',
    }
    with pytest.raises(InstrumentError, match="1102: Parameter too small"):
        smu.load(smu.plan(np.array([0.05]), None, [volts()], hold=False))
    with pytest.raises(InstrumentError, match="1102"):
        smu.channel("a").compliance_current = 1e-4
    with pytest.raises(DriveError, match="no confirmed limits"):
        smu.switch_on(["a"])
    assert not any("OUTPUT_ON" in line for line in server.heard)


@pytest.mark.fault(17, "the read-back differed and the output stayed barred")
def test_a_limit_that_was_not_taken_bars_the_output(smu: Keithley2600, server: FaultyServer) -> None:
    server.deaf["smua.source.limiti"] = "0.1"
    with pytest.raises(InstrumentError, match=r"limit of channel a was set to 0.0001 but reads back as 0.1"):
        smu.load(smu.plan(np.array([0.05]), None, [volts()], hold=False))
    with pytest.raises(DriveError, match="no confirmed limits"):
        smu.switch_on(["a"])
    assert not any("OUTPUT_ON" in line for line in server.heard)


@pytest.mark.fault(18, "refused by the driver; not a byte was sent")
def test_what_lies_beyond_the_instrument_is_not_sent(smu: Keithley2600, server: FaultyServer) -> None:
    heard = len(server.heard)
    for program in (
        volts(300.0),
        Program("a", Quantity.VOLTAGE, np.array([0.1]), 5.0),
        Program("c", *_rest_of(volts())),
    ):
        with pytest.raises(DriveError):
            smu.plan(np.array([0.05]), None, [program], hold=False)
    assert len(server.heard) == heard
    smu.load(smu.plan(np.array([0.05]), None, [volts()], hold=False))
    heard = len(server.heard)
    with pytest.raises(DriveError, match="beyond the highest range"):
        smu.set_level("a", -300.0)
    assert len(server.heard) == heard


def _rest_of(program: Program) -> tuple[Quantity, np.ndarray, float]:
    return program.quantity, program.levels, program.compliance


@pytest.mark.fault(20, "the instrument's refusal is told as an open interlock that somebody must close and re-arm")
def test_an_open_interlock_is_told_as_such(smu: Keithley2600, server: FaultyServer) -> None:
    assert smu.interlock_open()
    server.settings["status.measurement.condition"] = "2048"
    assert not smu.interlock_open()
    smu.load(smu.plan(np.array([0.05]), None, [volts()], hold=False))
    server.settings |= {
        "errorqueue.count": "1",
        "errorqueue.next()": '"8.020000000e+02\tOUTPUT blocked by interlock\t2.000000000e+01\t1.000000000e+00"',
    }
    with pytest.raises(InterlockError, match=r"OUTPUT blocked by interlock\. Close it.*start anew") as caught:
        smu.switch_on(["a"])
    assert caught.value.code == 802


@pytest.mark.fault(20, "an output that did not come on while the interlock was open was told so")
def test_an_output_that_stays_off_is_told_with_its_reason(smu: Keithley2600, server: FaultyServer) -> None:
    server.deaf["smua.source.output"] = "0"
    for condition, expected in (
        ("0", "did not come on and the interlock is open"),
        ("2048", "was switched on but is off"),
    ):
        server.settings["status.measurement.condition"] = condition
        smu.load(smu.plan(np.array([0.05]), None, [volts()], hold=False))
        with pytest.raises(InstrumentError, match=expected):
            smu.switch_on(["a"])


@pytest.mark.fault(20, "an output that the interlock switched off ended the drive")
def test_an_interlock_that_trips_ends_the_drive(smu: Keithley2600, server: FaultyServer) -> None:
    smu.load(smu.plan(np.array([5.0]), None, [volts()], hold=False))
    smu.switch_on(["a"])
    smu.start()
    server.settings["smua.source.output"] = "0"
    with pytest.raises(InterlockError, match="output a went off by itself and the interlock is open"):
        smu.fetch()


class Toaster(Instrument):
    """A lab's own driver, of an instrument that has neither Lua nor tags."""

    def __init__(self, address: str) -> None:
        super().__init__(
            Link.open(address, "toaster", visa_library="@py", timeout=TIMEOUT), "toaster", includeSCPI=False
        )
        self.identity = self.adapter.identify()  # type: ignore[attr-defined]


def test_a_lab_driver_has_the_same_link(server: FaultyServer) -> None:
    server.identity = "ACME,Toaster,1,2"
    toaster = Toaster(server.address)
    server.plan('print("17"', late(0.28), finished(0))
    with pytest.raises(WireError, match=r"toaster \(.*not answered within 200 ms"):
        toaster.ask('print("17")')
    time.sleep(0.1)
    assert toaster.ask('print("18")') == "18"
    server.send(b"crumbs\n")
    time.sleep(0.01)
    assert toaster.ask('print("18")') == "18"
    server.identity = "ACME,Kettle,1,2"
    server.send(b"crumbs\n")
    time.sleep(0.01)
    with pytest.raises(WireError, match=r"toaster .*'ACME,Kettle,1,2' to \*IDN\?; it was 'ACME,Toaster,1,2'"):
        toaster.ask('print("18")')
    with pytest.raises(WireError, match=r"it was 'ACME,Toaster"):
        toaster.write("toast")
    toaster.adapter.close()


def test_an_interrupted_question_leaves_no_answer_behind(smu: Keithley2600, server: FaultyServer) -> None:
    with pytest.raises(KeyboardInterrupt):
        smu._ask(ACTS, _interrupt)
    assert not smu.link.in_step
    assert level(smu) == 1.25


def _interrupt(reply: str) -> float:
    raise KeyboardInterrupt


def test_what_makes_safe_is_sent_at_once_out_of_step(smu: Keithley2600, server: FaultyServer) -> None:
    server.plan("measure.v", lost)
    with pytest.raises(WireError):
        smu.numbers(ACTS, 1)
    heard = len(server.heard)
    smu.switch_off(["a"])
    said = [line for line in server.heard[heard:] if "OUTPUT_OFF" in line or "nwlab" in line]
    assert ["OUTPUT_OFF" in line for line in said] == [True, False, True]


@pytest.mark.parametrize("fault", [late(3.0), lost, hole, endless, finished(3), reset, changed(lambda reply: b"\n")])
def test_whatever_goes_wrong_while_connecting_is_a_wire_error(server: FaultyServer, fault: Fault) -> None:
    server.plan("linefreq", fault, fault, fault)
    with pytest.raises(WireError):
        connect(server)


@pytest.mark.fault(11, "what a dead program had asked for is not taken for the identity of another instrument")
def test_an_answer_of_before_is_no_identity(server: FaultyServer) -> None:
    server.plan("*IDN?", changed(lambda _: b"9\t73cdf370\t1A04;1B02\n"))
    smu = connect(server)
    assert smu.model == "2635B"
    assert smu.link.resyncs == 1
    smu.adapter.close()
