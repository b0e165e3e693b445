"""Each fault of a wire as a program meets it, in process; a parrot answers."""

from __future__ import annotations

import pytest
from pyvisa import VisaIOError
from pyvisa.constants import StatusCode
from virtual.faults.parrots import GPIB, SOCKET, MakeAviary

from nwlab.virtual.faults.wire import FaultyInstrument

BOTH = pytest.mark.parametrize("address", [GPIB, SOCKET])


def status_of(failure: pytest.ExceptionInfo[VisaIOError]) -> int:
    return failure.value.error_code


@BOTH
def test_a_late_reply_is_what_the_next_question_finds(aviary: MakeAviary, address: str) -> None:
    made = aviary('[[fault]]\nat = "a"\ndo = "late"\ndelay = "6 s"\n')
    link = made.connect(address)
    link.timeout = 5000
    with pytest.raises(VisaIOError) as failure:
        link.query("say one")
    assert status_of(failure) == StatusCode.error_timeout
    assert made.world.now() == pytest.approx(5.0)
    assert link.query("say two") == "one"
    assert made.world.now() == pytest.approx(6.0, abs=0.3)
    assert link.read() == "two"
    assert made.struck == [(0.0, "a", "late")]


@BOTH
def test_a_device_clear_drops_what_is_late_where_the_link_has_one(aviary: MakeAviary, address: str) -> None:
    link = aviary('[[fault]]\nat = "a"\ndo = "late"\ndelay = "6 s"\n').connect(address)
    with pytest.raises(VisaIOError):
        link.query("say one")
    link.clear()
    link.timeout = 20_000
    assert link.query("say two") == ("two" if address == GPIB else "one")


@BOTH
def test_a_lost_reply_or_message_leaves_only_a_timeout(aviary: MakeAviary, address: str) -> None:
    made = aviary(
        '[[fault]]\nat = "a"\ndo = "lost"\n[[fault]]\nat = "a"\ndo = "lost"\nwhat = "message"\nmessage = "two"\n'
    )
    link = made.connect(address)
    for question in ("say one", "say two"):
        with pytest.raises(VisaIOError) as failure:
            link.query(question)
        assert status_of(failure) == StatusCode.error_timeout
    assert link.query("say three") == "three"
    assert made.parrot.heard == ["say one", "say three"]


@BOTH
def test_a_doubled_reply_comes_twice(aviary: MakeAviary, address: str) -> None:
    link = aviary('[[fault]]\nat = "a"\ndo = "doubled"\n').connect(address)
    assert [link.query("say one"), link.query("say two"), link.read()] == ["one", "one", "two"]


@BOTH
@pytest.mark.parametrize("size", range(6))
def test_a_split_reply_is_whole_in_the_end(aviary: MakeAviary, address: str, size: int) -> None:
    made = aviary(f'[[fault]]\nat = "a"\ndo = "split"\nbytes = {size}\ndelay = "300 ms"\n')
    assert made.connect(address).query("say hello") == "hello"
    assert made.world.now() == pytest.approx(0.3, abs=0.02)


@BOTH
def test_a_split_reply_may_be_too_slow(aviary: MakeAviary, address: str) -> None:
    made = aviary('[[fault]]\nat = "a"\ndo = "split"\nbytes = 2\ndelay = "3 s"\n')
    link = made.connect(address)
    with pytest.raises(VisaIOError) as failure:
        link.query("say hello")
    assert status_of(failure) == StatusCode.error_timeout
    link.timeout = 5000
    assert link.read() == "llo"


@BOTH
def test_a_cut_reply_never_ends_unless_it_says_so(aviary: MakeAviary, address: str) -> None:
    made = aviary(
        '[[fault]]\nat = "a"\ndo = "cut"\nbytes = 3\n[[fault]]\nat = "a"\ndo = "cut"\nended = true\nmessage = "two"\n'
    )
    link = made.connect(address)
    with pytest.raises(VisaIOError) as failure:
        link.query("say hello")
    assert status_of(failure) == StatusCode.error_timeout
    assert link.query("say twotwo") == "two"
    assert link.query("say three") == "three"


@BOTH
def test_a_cut_block_is_short(aviary: MakeAviary, address: str) -> None:
    made = aviary('[[fault]]\nat = "a"\ndo = "cut"\nbytes = 7\nmessage = "block"\n')
    link = made.connect(address)
    link.write("block 0102030405060708")
    with pytest.raises(VisaIOError) as failure:
        link.read_bytes(11)
    assert status_of(failure) == StatusCode.error_timeout
    assert link.query("say on") == "on"


@BOTH
def test_a_garbled_reply_has_the_bits_flipped_that_were_asked_for(aviary: MakeAviary, address: str) -> None:
    made = aviary('[[fault]]\nat = "a"\ndo = "garbled"\nbits = 2\n')
    link = made.connect(address)
    link.write("say 1.00000e+00")
    data = link.read_raw()
    assert data.endswith(b"\n")
    assert sum((one ^ two).bit_count() for one, two in zip(data, b"1.00000e+00\n", strict=True)) == 2


@BOTH
def test_gibberish_is_no_ascii(aviary: MakeAviary, address: str) -> None:
    link = aviary('[[fault]]\nat = "a"\ndo = "gibberish"\n').connect(address)
    with pytest.raises(UnicodeDecodeError):
        link.query("say hello")
    assert link.query("say hello") == "hello"


@BOTH
def test_an_endless_reply_fills_any_buffer(aviary: MakeAviary, address: str) -> None:
    link = aviary('[[fault]]\nat = "a"\ndo = "endless"\n').connect(address)
    link.write("say hello")
    for _ in range(5):
        data = link.read_bytes(1000)
        assert len(data) == 1000
        assert b"\n" not in data
    link.clear()
    if address == GPIB:
        assert link.query("say hello") == "hello"


@BOTH
def test_an_unsolicited_line_comes_at_its_time_or_before_a_reply(aviary: MakeAviary, address: str) -> None:
    made = aviary(
        '[[fault]]\nat = "a"\ndo = "unsolicited"\ntext = "hm"\nwhen = "10 s"\n'
        '[[fault]]\nat = "a"\ndo = "unsolicited"\ntext = "ho"\nmessage = "two"\n'
    )
    link = made.connect(address)
    assert link.query("say one") == "one"
    made.world.wait(10)
    assert link.read() == "hm"
    assert [link.query("say two"), link.read()] == ["ho", "two"]
    assert made.struck == [(10.0, "a", "unsolicited"), (10.0, "a", "unsolicited")]


@BOTH
@pytest.mark.parametrize("how", ["closed", "reset"])
def test_a_connection_that_was_ended_is_lost_and_a_new_one_works(aviary: MakeAviary, address: str, how: str) -> None:
    made = aviary(f'[[fault]]\nat = "a"\ndo = "{how}"\nmessage = "two"\nbytes = 1\n')
    link, other = made.connect(address), made.connect(address)
    assert link.query("say one") == "one"
    with pytest.raises(VisaIOError) as failure:
        link.query("say two")
    assert status_of(failure) == StatusCode.error_connection_lost
    assert made.world.now() == 0.0
    for use in (lambda: link.write("say three"), link.read, link.clear, lambda: other.query("say three")):
        with pytest.raises(VisaIOError) as failure:
            use()
        assert status_of(failure) == StatusCode.error_connection_lost
    assert made.connect(address).query("say four") == "four"
    assert made.parrot.heard == ["say one", "say two", "say four"]


def test_a_connection_may_end_while_a_reply_is_waited_for(aviary: MakeAviary) -> None:
    made = aviary('[[fault]]\nat = "a"\ndo = "closed"\nwhen = "500 ms"\n')
    link = made.connect()
    with pytest.raises(VisaIOError) as failure:
        link.query("nothing")
    assert status_of(failure) == StatusCode.error_connection_lost
    assert made.world.now() == pytest.approx(0.5, abs=0.03)


@BOTH
def test_a_silent_wire_passes_nothing_and_tells_nobody(aviary: MakeAviary, address: str) -> None:
    made = aviary('[[fault]]\nat = "a"\ndo = "silent"\nwhen = "1 s"\nduration = "10 s"\n')
    link = made.connect(address)
    made.world.wait(1)
    with pytest.raises(VisaIOError) as failure:
        link.query("say one")
    assert status_of(failure) == StatusCode.error_timeout
    link.clear()
    assert (made.parrot.heard, made.parrot.cleared) == ([], 0)
    made.world.wait(10)
    assert link.query("say two") == "two"


@BOTH
def test_a_hung_instrument_does_afterwards_what_it_was_told(aviary: MakeAviary, address: str) -> None:
    made = aviary('[[fault]]\nat = "a"\ndo = "hung"\nmessage = "one"\nduration = "3 s"\n')
    link = made.connect(address)
    with pytest.raises(VisaIOError):
        link.query("say one")
    assert made.parrot.heard == []
    made.world.wait(2)
    assert made.parrot.heard == ["say one"]
    assert link.read() == "one"


def test_a_serial_poll_is_answered_by_what_has_come(aviary: MakeAviary) -> None:
    link = aviary('[[fault]]\nat = "a"\ndo = "late"\ndelay = "2 s"\n').connect(GPIB)
    link.write("say one")
    assert link.read_stb() == 64
    link.timeout = 5000
    assert link.read() == "one"


def test_conditions_must_all_hold(aviary: MakeAviary) -> None:
    made = aviary('[[fault]]\nat = "a"\ndo = "doubled"\nwhen = "1 s"\nmessage = "two"\nnth = 2\ntimes = 2\n')
    instrument = made.instrument

    def answer(text: str) -> bytes:
        instrument.receive(f"say {text}\n".encode())
        return instrument.take()

    assert answer("two") == answer("two") == b"two\n"
    made.world.wait(1)
    assert [answer(text) for text in ("one", "two", "two", "one", "two", "two")] == [
        b"one\n",
        b"two\n",
        b"two\ntwo\n",
        b"one\n",
        b"two\ntwo\n",
        b"two\n",
    ]


def test_messages_in_pieces_are_met_once(aviary: MakeAviary) -> None:
    made = aviary('[[fault]]\nat = "a"\ndo = "doubled"\nmessage = "hello"\n')
    for piece in (b"say he", b"llo\nsay", b" you\n"):
        made.instrument.receive(piece)
    assert made.instrument.take() == b"hello\nhello\nyou\n"


def test_chances_follow_the_seed(aviary: MakeAviary) -> None:
    def strikes(seed: int) -> list[int]:
        made = aviary('[[fault]]\nat = "a"\ndo = "garbled"\nchance = "10 %"\ntimes = 0\n', seed=seed)
        replies = []
        for _ in range(300):
            made.instrument.receive(b"say hello\n")
            replies.append(made.instrument.take())
        assert len(made.script.log) == sum(reply != b"hello\n" for reply in replies)
        return replies

    assert strikes(1) == strikes(1)
    assert strikes(1) != strikes(2)
    # 300 trials at 10 %: 30 ± 5.2
    assert 10 < sum(reply != b"hello\n" for reply in strikes(3)) < 50


def test_a_wire_without_faults_is_no_wire_at_all(aviary: MakeAviary) -> None:
    made = aviary('[[fault]]\nat = "A"\ndo = "leak"\n')
    assert made.instrument is made.parrot
    assert isinstance(aviary('[[fault]]\nat = "a"\ndo = "late"\n').instrument, FaultyInstrument)
