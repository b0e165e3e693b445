"""Messages come back whole from bytes in any chunking, and nothing else comes back."""

from __future__ import annotations

import json
import struct

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nwlab.core import errors
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError, FileError, InstrumentError, NwlabError, RebootError, WireError
from nwlab.core.reading import Reading
from nwlab.remote.failure import failure_message, failure_of
from nwlab.remote.message import Decoder, Message, block_message, drive_message, drive_of, reading_of
from nwlab.remote.pipe import Gone

words = st.dictionaries(st.text(max_size=5).filter(lambda key: key != "kind"), st.integers() | st.text(max_size=5))
messages = st.builds(Message, st.text(min_size=1, max_size=8), words, st.binary(max_size=40))


@given(st.lists(messages, max_size=5), st.data())
def test_messages_come_back_in_any_chunking(sent: list[Message], data: st.DataObject) -> None:
    stream = b"".join(message.encode() for message in sent)
    decoder, came, place = Decoder(), [], 0
    while place < len(stream):
        step = data.draw(st.integers(1, len(stream) - place))
        decoder.feed(stream[place : place + step])
        place += step
        while (message := decoder.next()) is not None:
            came.append(message)
    assert came == sent


@given(st.binary(max_size=60))
def test_garbage_is_refused_or_waits_for_more(data: bytes) -> None:
    decoder = Decoder(1000, 1000)
    decoder.feed(data)
    try:
        message = decoder.next()
    except WireError:
        return
    assert message is None or isinstance(message.kind, str)


@pytest.mark.fault(41, "a gigabyte that is announced ends the connection before a byte of it is taken")
@pytest.mark.parametrize("lengths", [(5 << 20, 0), (10, 1 << 30), (0xFFFFFFFF, 0xFFFFFFFF)])
def test_a_message_beyond_the_bounds_is_refused_by_its_lengths(lengths: tuple[int, int]) -> None:
    decoder = Decoder()
    decoder.feed(struct.pack(">II", *lengths))
    with pytest.raises(WireError, match="beyond the bounds"):
        decoder.next()


@pytest.mark.parametrize("words", [b"[1]", b"{}", b'{"kind": 3}', b"\x80\x04pickle", b"[" * 100_000])
def test_words_that_are_no_message_are_refused(words: bytes) -> None:
    decoder = Decoder()
    decoder.feed(struct.pack(">II", len(words), 0) + words)
    with pytest.raises(WireError):
        decoder.next()


def test_a_drive_and_a_block_come_back_to_the_last_bit() -> None:
    rng = np.random.default_rng(3)
    force = Force(1, Quantity.CURRENT, rng.normal(size=7) * 1e-4, 3.0, low=0, sense=(2, 3), range=1e-2)
    drive = Drive(rng.uniform(0.1, 1, 7), (force,), ground=(4,), read_delay=np.full(7, 0.05), hold=True)
    back = drive_of(drive_message(drive, ("a", "b", "c", "d", "e")))
    assert np.array_equal(back.dwell, drive.dwell)
    assert np.array_equal(back.forces[0].levels, force.levels)
    assert (back.ground, back.hold, back.forces[0].sense, back.forces[0].range) == ((4,), True, (2, 3), 1e-2)
    table = rng.normal(size=(4, 3, 1))
    flags = np.array([[[True], [False], [True]], [[False], [False], [True]]])
    reading = Reading(12.5, np.arange(3.0), *table, *flags)
    again = reading_of(block_message(reading))
    assert again.start == 12.5
    assert np.array_equal(again.current, reading.current)
    assert np.array_equal(again.overflow, reading.overflow)


@given(st.binary(max_size=80))
def test_torn_arrays_give_no_drive_and_no_block(data: bytes) -> None:
    force = Force(0, Quantity.VOLTAGE, np.ones(2), 1e-3)
    message = drive_message(Drive(np.ones(2), (force,)), ("a",))
    if data != message.arrays:
        with pytest.raises((WireError, DriveError)):
            drive_of(Message("drive", message.words, data))
    with pytest.raises(WireError):
        reading_of(Message("block", {}, data))


def across(error: Exception) -> NwlabError:
    message = failure_message(error)
    return failure_of(Message(message.kind, json.loads(json.dumps(message.words))))


def every_kind(kind: type[NwlabError] = NwlabError) -> list[type[NwlabError]]:
    below = [each for child in kind.__subclasses__() for each in every_kind(child)]
    return [kind, *below] if kind.__module__ == errors.__name__ else below


def made(kind: type[NwlabError]) -> NwlabError:
    if kind is RebootError:
        return RebootError("has lost its mark", "2636B at 1")
    if issubclass(kind, InstrumentError):
        return kind(802, "blocked", "2636B at 1")
    return FileError("is odd", "a.toml", 3, "smu.a") if kind is FileError else kind("too much")


@pytest.mark.parametrize("kind", every_kind())
def test_errors_arrive_as_what_they_were(kind: type[NwlabError]) -> None:
    error = made(kind)
    error.add_note("the chip is at rest")
    back = across(error)
    assert type(back) is kind
    assert str(back) == str(error)
    assert back.exit_code == error.exit_code
    assert back.__notes__ == ["the chip is at rest"]
    assert {**vars(back)} == {**vars(error)}


def test_errors_from_elsewhere_arrive_as_the_kind_they_are_of() -> None:
    class BurntError(InstrumentError):
        """A lab's own."""

    assert type(across(BurntError(1, "smells", "SMU"))) is InstrumentError
    assert type(across(Gone("left"))) is WireError
    strange = across(KeyError("x"))
    assert (type(strange), strange.exit_code, str(strange)) == (NwlabError, 1, "KeyError: 'x'")


odd = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
KEYS = ("name", "text", "says", "code", "instrument", "path", "line", "key", "notes")
names = st.sampled_from([kind.__name__ for kind in every_kind()])


@pytest.mark.fault(41, "an error told in odd words is an error all the same, and nothing else")
@given(st.dictionaries(st.sampled_from(KEYS), odd), names | odd)
def test_odd_words_still_make_an_error(words: dict[str, object], name: object) -> None:
    with pytest.raises(NwlabError) as raised:
        raise failure_of(Message("failed", {**words, "name": name}))
    assert failure_of(failure_message(raised.value)).exit_code == raised.value.exit_code
