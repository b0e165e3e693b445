"""Crosspoints by row and column, on the mainframe's own names."""

from __future__ import annotations

import pytest
from drivers.transcript import conversation, lines
from hypothesis import given
from hypothesis import strategies as st

from nwlab.core.clock import VirtualClock
from nwlab.core.errors import DriveError, InstrumentError, WireError
from nwlab.drivers.keithley707 import ROWS, Keithley707, crosspoint_of, crosspoints_of, name_of

CONNECT = """
> *IDN?
< Keithley Instruments Inc., Model 707B, 1234567, 01.40h
"""
DONE = """
> waitcomplete() print(1)
< 1.00000e+00
> print(errorqueue.count)
< 0.00000e+00
"""

crosspoints = st.tuples(st.sampled_from(ROWS), st.integers(1, 72))


@given(st.frozensets(crosspoints), st.sampled_from(",;"))
def test_names_come_back(closed: frozenset[tuple[str, int]], separator: str) -> None:
    reply = separator.join(sorted(map(name_of, closed))) or "nil"
    assert crosspoints_of(reply) == closed


def test_names() -> None:
    assert name_of(("A", 1)) == "1A01"
    assert name_of(("H", 12)) == "1H12"
    assert name_of(("C", 13)) == "2C01"
    assert name_of(("C", 72)) == "6C12"
    assert crosspoint_of("3B05") == ("B", 29)


@given(crosspoints, st.integers(0, 3), st.booleans())
def test_a_cut_name_is_no_crosspoint(crosspoint: tuple[str, int], cut: int, head: bool) -> None:
    whole = name_of(crosspoint)
    with pytest.raises(ValueError, match="no crosspoint"):
        crosspoints_of(whole[:cut] if head else whole[cut + 1 :])


@pytest.mark.parametrize("reply", ["", "1A1", "1A13", "7A01", "1I01", "1A01,", "1A01 1A02", "nil;1A01"])
def test_other_lists_are_refused(reply: str) -> None:
    with pytest.raises(ValueError, match="no crosspoint"):
        crosspoints_of(reply)


def test_connecting_changes_nothing() -> None:
    with conversation(Keithley707, lines(CONNECT)) as matrix:
        assert (matrix.model, matrix.columns) == ("707B", 72)


def test_close_waits_and_reads_back() -> None:
    clock = VirtualClock()
    transcript = lines(f"""{CONNECT}
        > channel.close("1A01,2B01")
        {DONE}
        > print(channel.getclose("allslots"))
        < 1A01;2B01;6H12
    """)
    with conversation(Keithley707, transcript, clock=clock) as matrix:
        matrix.close_crosspoints([("A", 1), ("B", 13)])
    assert clock.now() == pytest.approx(0.02)


def test_a_dead_relay_is_named() -> None:
    transcript = lines(f"""{CONNECT}
        > channel.close("1A01,2B01")
        {DONE}
        > print(channel.getclose("allslots"))
        < 1A01
    """)
    with (
        conversation(Keithley707, transcript, clock=VirtualClock()) as matrix,
        pytest.raises(InstrumentError, match="B13 did not close"),
    ):
        matrix.close_crosspoints([("A", 1), ("B", 13)])


def test_a_welded_relay_is_named() -> None:
    transcript = lines(f"""{CONNECT}
        > channel.open("allslots")
        {DONE}
        > print(channel.getclose("allslots"))
        < 3A04
    """)
    with (
        conversation(Keithley707, transcript, clock=VirtualClock()) as matrix,
        pytest.raises(InstrumentError, match="A28 did not open"),
    ):
        matrix.open_all()


def test_long_lists_go_in_several_lines() -> None:
    many = [(row, column) for row in "AB" for column in range(1, 41)]
    names = [name_of(crosspoint) for crosspoint in many]
    first, second = ",".join(names[:50]), ",".join(names[50:])
    transcript = lines(f"""{CONNECT}
        > channel.close("{first}")
        > channel.close("{second}")
        {DONE}
        > print(channel.getclose("allslots"))
        < {",".join(names)}
    """)
    with conversation(Keithley707, transcript, clock=VirtualClock()) as matrix:
        matrix.close_crosspoints(many)


def test_a_single_slot_has_twelve_columns() -> None:
    transcript = lines("""
        > *IDN?
        < Keithley Instruments Inc., Model 708B, 1234567, 01.40h
    """)
    with conversation(Keithley707, transcript) as matrix:
        with pytest.raises(DriveError, match=r"A13 does not exist; a 708B has rows A … H and columns 1 … 12"):
            matrix.close_crosspoints([("A", 13)])
        with pytest.raises(DriveError, match="does not exist"):
            matrix.close_crosspoints([("AB", 1)])


def test_forbidden_delay_and_rule() -> None:
    transcript = lines(f"""{CONNECT}
        > channel.setforbidden("1A01")
        {DONE}
        > print(channel.getforbidden("allslots"))
        < 1A01
        > channel.setdelay("1A01", 5.000000000e-03)
        > print(errorqueue.count)
        < 0.00000e+00
        > print(channel.getdelay("1A01"))
        < 5.00000e-03
        > channel.connectrule = 1
        > print(errorqueue.count)
        < 0.00000e+00
        > print(channel.connectrule)
        < 1.00000e+00
    """)
    with conversation(Keithley707, transcript, clock=VirtualClock()) as matrix:
        matrix.forbid([("A", 1)])
        assert matrix.forbidden() == {("A", 1)}
        matrix.set_delay(("A", 1), 5e-3)
        assert matrix.delay(("A", 1)) == 5e-3
        matrix.connect_rule = "break before make"
        assert matrix.connect_rule == "break before make"


def test_a_strange_list_is_a_wire_error() -> None:
    transcript = lines(f"""{CONNECT}
        > print(channel.getclose("allslots"))
        < 1A01;1A
    """)
    with (
        conversation(Keithley707, transcript) as matrix,
        pytest.raises(WireError, match=r"getclose.*1A01;1A"),
    ):
        matrix.closed_crosspoints()
