"""What any TSP reply may look like, and what a link does after a fault."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
import pyvisa
import serial
from hypothesis import given
from hypothesis import strategies as st
from pymeasure.adapters import Adapter
from pyvisa_py.protocols.rpc import RPCError

from nwlab.core.clock import VirtualClock
from nwlab.core.errors import InstrumentError, RebootError, WireError
from nwlab.drivers.roles import Claimable
from nwlab.drivers.tsp import TspInstrument
from nwlab.drivers.tsp_replies import error_of, model_of, numbers, repeatable

IDENTITY = "Keithley Instruments Inc., Model 2636B, 1398687, 3.2.1"
QUESTION = re.compile(r'print\("(\d+)"(, nwlab_mark)?(?:, (.*)\)|\) (.*))')
values = st.floats(-1e38, 1e38).map(lambda value: 0.0 if abs(value) < 1e-38 else value)


class Wire(Adapter):
    """A link whose far end answers by a rule, under the tag of the question; a reply of None never comes in time."""

    def __init__(self, answer: Callable[[str], str | None]) -> None:
        super().__init__()
        self.connection = self
        self.answer, self.sent, self.waiting = answer, list[str](), list[str]()
        self.mark: str | None = None

    def _write(self, command: str, **_: object) -> None:
        self.sent.append(command)
        if command == "*IDN?":
            self.waiting.append(IDENTITY)
        elif command.startswith('print("nwlab'):
            self.waiting.append(command[7:-2])
        elif command.startswith("nwlab_mark = "):
            self.mark = command[14:-1]
        elif found := QUESTION.fullmatch(command):
            tag, marked, values, block = found.groups()
            answer = self.answer(block or f"print({values})")
            if answer is not None:
                front = f"{tag}\t{self.mark or 'nil'}" if marked else tag
                self.waiting += [front, answer] if block else [f"{front}\t{answer}"]

    def _read(self, **_: object) -> str:
        if not self.waiting:
            raise pyvisa.VisaIOError(pyvisa.constants.StatusCode.error_timeout)
        return self.waiting.pop(0)

    def _read_bytes(self, count: int, break_on_termchar: bool = False, **_: object) -> bytes:
        return self._read().encode("latin1")[:count]

    def flush_read_buffer(self) -> None:
        pass

    def clear(self) -> None:
        self.sent.append("<clear>")

    def close(self) -> None:
        pass


def connect(answer: Callable[[str], str | None]) -> tuple[TspInstrument, Wire]:
    wire = Wire(answer)
    return TspInstrument(wire, "smu", {"2636B": None}, clock=VirtualClock()), wire


@given(st.lists(values, min_size=1, max_size=5))
def test_numbers_come_back(given_values: list[float]) -> None:
    reply = "\t".join(f"{value:.5e}" for value in given_values)
    assert numbers(reply, len(given_values)) == pytest.approx(given_values, rel=1e-5, abs=0)


@given(value=values, cut=st.integers(0, 20), keep_head=st.booleans())
def test_a_cut_number_is_never_a_value(value: float, cut: int, keep_head: bool) -> None:
    whole = f"{value:.5e}"
    part = whole[:cut] if keep_head else whole[cut + 1 :]
    if part in {whole, whole.lstrip("-")}:  # only a lost sign leaves a whole number behind
        return
    with pytest.raises(ValueError, match="not a number"):
        numbers(part, 1)


@given(value=values, place=st.integers(0, 10), junk=st.characters(exclude_characters="0123456789-+.e"))
def test_a_garbled_number_is_never_a_value(value: float, place: int, junk: str) -> None:
    whole = f"{value:.5e}"
    with pytest.raises(ValueError, match=r"not a number|expected"):
        numbers(whole[:place] + junk + whole[place:], 1)


@pytest.mark.parametrize(
    "reply", ["", "nil", "1", "1.0", "nan", "inf", "1.0,,3.0,abc", "0x10", "1_0.0e+00", "1.0e+00 "]
)
def test_other_spellings_are_refused(reply: str) -> None:
    with pytest.raises(ValueError, match="not a number"):
        numbers(reply, 1)


@given(st.text())
def test_no_stray_text_is_an_error_entry(text: str) -> None:
    try:
        code, message = error_of(text)
    except ValueError:
        return
    assert text.startswith(("-", *"0123456789"))
    assert isinstance(code, int)
    assert message in text


def test_error_entries() -> None:
    empty = "0.00000e+00\tQueue Is Empty\t0.00000e+00\t0.00000e+00"
    assert error_of(empty) == (0, "Queue Is Empty")
    assert error_of("-2.86000e+02\tTSP Runtime error\t2.00000e+01\t1.00000e+00") == (-286, "TSP Runtime error")


def test_models() -> None:
    assert model_of(IDENTITY) == "2636B"
    assert model_of("KEITHLEY INSTRUMENTS INC.,MODEL 707B,1234567,01.40h") == "707B"
    assert model_of("Agilent Technologies,34401A,0,1") is None


def test_another_instrument_is_refused() -> None:
    with pytest.raises(WireError, match=r"scope.*2636B.*none of 707B"):
        TspInstrument(Wire(lambda _: None), "scope", {"707B": None})


@pytest.mark.parametrize(
    "error",
    [
        pyvisa.VisaIOError(pyvisa.constants.StatusCode.error_io),
        pyvisa.VisaIOError(pyvisa.constants.StatusCode.error_connection_lost),
        pyvisa.errors.InvalidSession(),
        OSError("bare"),
        BrokenPipeError(),
        ConnectionResetError(),
        serial.SerialException("pulled"),
        serial.SerialTimeoutException("held"),
        TimeoutError(),
        EOFError(),
        UnicodeDecodeError("ascii", b"\xff", 0, 1, "no"),
        ValueError("layers below"),
        RPCError("a family of its own"),
    ],
)
def test_whatever_the_layers_below_raise_is_one_kind_of_error(error: Exception) -> None:
    def answer(_: str) -> str:
        raise error

    instrument, _ = connect(answer)
    with pytest.raises(WireError, match=r"""smu: 'print\("1", x\)'""") as caught:
        instrument.ask("print(x)")
    assert caught.value.__cause__ is error
    assert not instrument.link.in_step


def test_a_fault_of_our_own_is_not_taken_for_a_link_that_failed() -> None:
    def answer(_: str) -> str:
        raise ZeroDivisionError

    instrument, _ = connect(answer)
    with pytest.raises(ZeroDivisionError):
        instrument.ask("print(x)")
    assert not instrument.link.in_step


def test_a_late_reply_never_answers_another_question() -> None:
    instrument, wire = connect(lambda command: None if "slow" in command else "2.00000e+00")
    with pytest.raises(WireError, match="slow"):
        instrument.numbers("print(slow)", 1)
    wire.waiting.append("1.00000e+00")  # the answer to the first question
    assert instrument.numbers("print(quick)", 1) == [2.0]
    assert "<clear>" in wire.sent


def test_what_makes_safe_is_said_before_and_after_getting_back_into_step() -> None:
    instrument, wire = connect(lambda _: None)
    with pytest.raises(WireError):
        instrument.ask("print(x)")
    del wire.sent[:]
    instrument.insist("smua.abort()")
    assert [wire.sent[0], wire.sent[1], wire.sent[-1]] == ["smua.abort()", "<clear>", "smua.abort()"]


def test_an_interrupted_question_leaves_no_answer_behind() -> None:
    def answer(command: str) -> str:
        if "first" in command:
            raise KeyboardInterrupt
        return "2.00000e+00"

    instrument, wire = connect(answer)
    with pytest.raises(KeyboardInterrupt):
        instrument.numbers("print(first)", 1)
    wire.waiting.append("1.00000e+00")
    assert instrument.numbers("print(second)", 1) == [2.0]


def test_an_instrument_exchanged_meanwhile_is_noticed() -> None:
    instrument, _ = connect(lambda _: None)
    with pytest.raises(WireError):
        instrument.ask("print(x)")
    instrument.link.identity = "Keithley Instruments Inc., Model 2636B, 0000001, 3.2.1"
    with pytest.raises(WireError, match="it was"):
        instrument.ask("print(x)")


def test_a_strange_reply_is_named_with_its_question() -> None:
    instrument, _ = connect(lambda _: "1.0,,3.0,abc")
    with pytest.raises(WireError, match=r"smu answered 'print\(x\)' with '1\\t1.0,,3.0,abc'"):
        instrument.numbers("print(x)", 1)


@pytest.mark.parametrize("block", ["#1" + 8 * "x" + "\n", "#0" + 7 * "x" + "\n", "#0" + 8 * "x" + "y", "", "1.0"])
def test_a_torn_block_gives_no_values(block: str) -> None:
    instrument, _ = connect(lambda _: block)
    with pytest.raises(WireError, match="block of 11 bytes"):
        instrument.block("printbuffer(1, 1, b)", 1)


def test_a_block_may_hold_any_byte() -> None:
    data = b"\n#0\x00\xff\n\r\x40"
    instrument, _ = connect(lambda _: "#0" + data.decode("latin1") + "\n")
    assert instrument.block("printbuffer(1, 1, b)", 1).tobytes() == data


@pytest.mark.parametrize(
    "command",
    [
        "print(smua.source.levelv)",
        "print(status.operation.sweeping.condition, smua.nvbuffer1.n)",
        'print(channel.getclose("allslots"))',
        "format.data = format.REAL64 printbuffer(1, 4, smua.nvbuffer1.readings) format.data = format.ASCII",
    ],
)
def test_reading_attributes_and_buffers_may_be_repeated(command: str) -> None:
    assert repeatable(command)


@pytest.mark.parametrize(
    "command",
    [
        "print(errorqueue.next())",
        "print(smua.measure.iv())",
        "print(smua.source.levelv, smua.measure.v())",
        "print(status.measurement.event)",
        "smua.source.levelv = 1 print(smua.source.levelv)",
        "smua.trigger.initiate() printbuffer(1, 4, smua.nvbuffer1.readings)",
        "waitcomplete() print(1)",
        "*OPC?",
    ],
)
def test_what_acts_is_never_repeated(command: str) -> None:
    assert not repeatable(command)
    instrument, wire = connect(lambda _: None)
    with pytest.raises(WireError):
        instrument.ask(command)
    assert len(wire.sent) == 2  # with the *IDN? of connecting
    assert instrument.link.retries == 0


def test_a_claimed_instrument_shows_its_mark_with_every_answer() -> None:
    instrument, wire = connect(lambda command: None if "printbuffer" in command else "2.00000e+00")
    instrument.claim()
    assert isinstance(instrument, Claimable)
    assert instrument.numbers("print(x)", 1) == [2.0]
    wire.mark = None
    with pytest.raises(RebootError, match="smu was switched off or rebooted") as caught:
        instrument.numbers("print(x)", 1)
    assert isinstance(caught.value, InstrumentError)
    assert instrument.numbers("print(x)", 1) == [2.0]


@pytest.mark.parametrize("mark", ["0123456", "xyz", ""])
def test_a_garbled_mark_is_no_reboot(mark: str) -> None:
    instrument, wire = connect(lambda _: "2.00000e+00")
    instrument.claim()
    wire.mark = mark or " "
    with pytest.raises(WireError, match=r"the mark .* follows the tag"):
        instrument.numbers("print(x)", 1)


def test_numbers_of_one_line_have_as_many_digits() -> None:
    with pytest.raises(ValueError, match="as many digits"):
        numbers("1.00000e+00\t1.0000e+00", 2)


def test_all_errors_are_told() -> None:
    queue = [
        "2.00000e+00",
        "1.10200e+03\tParameter too small\t2.00000e+01\t1.00000e+00",
        "-2.85000e+02\tTSP Syntax error\t2.00000e+01\t1.00000e+00",
    ]
    instrument, _ = connect(lambda _: queue.pop(0))
    with pytest.raises(InstrumentError, match=r"smu reports error 1102: Parameter too small; then -285") as caught:
        instrument.check_errors()
    assert caught.value.code == 1102
