"""Bytes in any chunking give the same lines; a serial line that is cut or unplugged gives none."""

from __future__ import annotations

import os
import select
import threading
import time
import tty
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest
import serial
from drivers.faulty_server import FaultyServer
from hypothesis import given
from hypothesis import strategies as st
from pymeasure.adapters import SerialAdapter

from nwlab.core.errors import WireError
from nwlab.drivers.keithley2600 import Keithley2600
from nwlab.drivers.link import Link
from nwlab.drivers.streams import LONGEST_LINE, PATIENCE, EndlessError, LateError, StreamPort
from nwlab.drivers.tsp_replies import numbers, untagged, values_of

TAGGED = b"17\t-1.234560000e-05\t3.000000000e+00"


class Pieces(StreamPort):
    """A stream that comes in given pieces, then falls silent."""

    timeout = 0.2  # type: ignore[assignment]

    def __init__(self, pieces: list[bytes]) -> None:
        super().__init__(b"\n", b"\n")
        self.pieces = [piece for piece in pieces if piece]

    def _at_hand(self) -> bool:
        return bool(self.pieces)

    def _receive(self, patience: float) -> bytes:
        return self.pieces.pop(0) if self.pieces else b""


def chopped(data: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


@pytest.mark.fault(4, "any chunking of lines and blocks gave the same bytes")
@given(
    st.lists(st.binary(max_size=30).filter(lambda b: b"\n" not in b and not b.endswith(b"\r")), max_size=4),
    st.binary(max_size=40),
    st.lists(st.integers(0, 200), max_size=12),
)
def test_any_chunking_gives_the_same_lines_and_blocks(lines: list[bytes], block: bytes, cuts: list[int]) -> None:
    port = Pieces(chopped(b"".join(line + b"\n" for line in lines) + block, cuts))
    assert [port.line() for _ in lines] == lines
    assert port.exactly(len(block)) == block
    assert port.waiting() == b""


@pytest.mark.fault(3, "a line without its end was a time-out with the bytes that came, whatever the chunking")
@given(st.integers(1, len(TAGGED)), st.lists(st.integers(0, 40), max_size=5))
def test_a_line_without_an_end_is_late_with_what_came(length: int, cuts: list[int]) -> None:
    port = Pieces(chopped(TAGGED[:length], cuts))
    with pytest.raises(LateError) as caught:
        port.line()
    assert caught.value.seen == TAGGED[:length]
    assert port.waiting() == b""


@pytest.mark.fault(6, "a stream without an end was given up after the longest line, and cleared within bounds")
def test_an_endless_stream_is_given_up() -> None:
    port = Pieces([b"x" * 5000] * 1000)
    with pytest.raises(EndlessError):
        port.line()
    assert len(port.pieces) > 1000 - LONGEST_LINE / 5000 - 2
    with pytest.raises(EndlessError):
        port.clear()


def read(line: bytes) -> list[float]:
    return numbers(untagged(line.decode("ascii"), "17"), 2)


@pytest.mark.fault(5, "no byte that belongs to no number, put anywhere into an answer, left a value")
@given(st.integers(0, len(TAGGED) - 1), st.integers(0, 255), st.booleans())
def test_a_damaged_answer_has_no_value(place: int, byte: int, instead: bool) -> None:
    if chr(byte) in "0123456789":  # a number with another digit is a number
        return
    damaged = TAGGED[:place] + bytes([byte]) + TAGGED[place + instead :]
    try:
        values = read(damaged)
    except ValueError:
        return
    # What may be missed is a sign, in front of a number.
    assert list(map(abs, values)) == list(map(abs, read(TAGGED)))


@pytest.mark.fault(7, "an answer of which any part was lost left no value")
@given(st.integers(0, len(TAGGED)), st.integers(0, len(TAGGED)))
def test_an_answer_that_lost_a_part_has_no_value(first: int, last: int) -> None:
    for part in (TAGGED[first:last], TAGGED[:first] + TAGGED[last:]):
        if part in {TAGGED, TAGGED.replace(b"-1", b"1")} or first >= last:  # a lost sign leaves a whole number
            continue
        with pytest.raises(ValueError, match=r"tag|expected|not a number|digits"):
            read(part)


@pytest.mark.fault(9, "no block that was cut, lengthened or shifted anywhere left a value")
@given(st.lists(st.floats(width=64), min_size=1, max_size=4), st.data())
def test_a_damaged_block_has_no_values(values: list[float], data: st.DataObject) -> None:
    block = b"#0" + np.array(values, dtype="<f8").tobytes() + b"\n"
    assert values_of(block, len(block)).tobytes() == block[2:-1]
    first = data.draw(st.integers(0, len(block) - 1))
    last = data.draw(st.integers(first + 1, len(block)))
    extra = data.draw(st.binary(min_size=1, max_size=20))
    for damaged in (block[:first] + block[last:], block[:first] + extra + block[first:], extra[:1] + block[:-1]):
        if damaged != block:
            with pytest.raises(ValueError, match="block of"):
                values_of(damaged, len(block))


class PtyInstrument:
    """A 2635B at the far end of a serial line."""

    def __init__(self) -> None:
        self.server = FaultyServer()
        self.end, self._near = os.openpty()
        self.name = os.ttyname(self._near)
        self.cut = 0  # bytes of the next answer that do not come
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        held = b""
        while True:
            try:
                *lines, held = (held + os.read(self.end, 4096)).split(b"\n")
                for line in lines:
                    reply = self.server.answer(line.decode())
                    cut, self.cut = self.cut, 0
                    if reply:
                        os.write(self.end, reply[: len(reply) - cut])
            except OSError:
                return

    def unplug(self) -> None:
        self.server.close()
        for end in (self.end, self._near):
            os.close(end)


@pytest.fixture
def plugged() -> Iterator[tuple[PtyInstrument, Keithley2600]]:
    instrument = PtyInstrument()
    port = serial.Serial(instrument.name, timeout=0.15)
    smu = Keithley2600(SerialAdapter(port, read_termination="\n", write_termination="\n"), "smu")
    yield instrument, smu
    port.close()


@pytest.mark.fault(3, "a short line from a serial port is a time-out with the bytes seen, no value")
def test_a_short_serial_line_is_a_time_out(plugged: tuple[PtyInstrument, Keithley2600]) -> None:
    instrument, smu = plugged
    instrument.cut = 8
    with pytest.raises(WireError, match=r"measure\.v.*was not answered within 150 ms; \d+ bytes came: '\d+\\t0\.0"):
        smu.numbers("print(smua.measure.v())", 1)
    assert smu.numbers("print(smua.source.levelv)", 1) == [0.0]
    instrument.unplug()


@pytest.mark.fault(
    13, "a serial line whose far end took nothing was given up within the time-out, and used again later"
)
@pytest.mark.parametrize("visa", [False, True])
def test_a_serial_line_that_is_not_drained_does_not_hang(visa: bool) -> None:
    far, near = os.openpty()
    tty.setraw(near)
    name = os.ttyname(near)
    if visa:
        link = Link.open(f"ASRL{name}::INSTR", "smu", visa_library="@py", timeout=200)
    else:
        link = Link.open(SerialAdapter(serial.Serial(name, timeout=0.2)), "smu")
    began = time.monotonic()
    with pytest.raises(WireError, match=r"'x.* was not answered within 200 ms"):
        link.say("x" * 1_000_000)
    assert time.monotonic() - began < 5
    assert not link.in_step
    assert not link.lost
    while select.select([far], [], [], 0.05)[0]:
        os.read(far, 1 << 16)
    link.step()
    link.say("y")
    assert os.read(far, 100) == b"y\n"
    link.close()
    for end in (far, near):
        os.close(end)


def test_a_serial_line_has_time_outs_whoever_opened_it() -> None:
    far, near = os.openpty()
    with serial.Serial(os.ttyname(near)) as line:
        assert line.timeout is line.write_timeout is None
        assert Link.open(SerialAdapter(line), "smu").timeout == PATIENCE == line.timeout == line.write_timeout
    for end in (far, near):
        os.close(end)


@pytest.mark.fault(14, "the link ended for good; the instrument that came back under another name was left alone")
def test_an_unplugged_serial_line_is_not_opened_again(plugged: tuple[PtyInstrument, Keithley2600]) -> None:
    instrument, smu = plugged
    assert smu.outputs() == {"a": False}
    instrument.unplug()
    with pytest.raises(WireError, match="the link broke"):
        smu.outputs()
    back = PtyInstrument()
    for act in (smu.outputs, smu.rest, smu.claim):
        with pytest.raises(WireError, match=r"the link is down.*not opened again by itself"):
            act()
    assert back.server.settings == {"localnode.linefreq": "50"}
    back.unplug()


def test_pyvisa_py_serial_lines_are_read_as_bare_bytes() -> None:
    instrument = PtyInstrument()
    smu = Keithley2600(f"ASRL{instrument.name}::INSTR", "smu", visa_library="@py", timeout=150)
    instrument.cut = 3
    with pytest.raises(WireError, match="bytes came"):
        smu.numbers("print(smua.measure.v())", 1)
    assert smu.numbers("print(smua.source.levelv)", 1) == [0.0]
    smu.adapter.close()
    instrument.unplug()


def test_a_link_is_taken_over_as_it_is(plugged: tuple[PtyInstrument, Keithley2600]) -> None:
    instrument, smu = plugged
    assert Link.open(smu.link, "anything") is smu.link
    instrument.unplug()
