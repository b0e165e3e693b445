"""The faults of a wire over real sockets."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from virtual.faults.parrots import Aviary, MakeAviary

from nwlab.core.clock import SystemClock
from nwlab.virtual.server import serve

SPEED = 20.0  # world seconds in a real one


@contextmanager
def served(aviary: MakeAviary, faults: str) -> Iterator[tuple[Aviary, tuple[str, int]]]:
    made = aviary(faults, clock=SystemClock(SPEED))
    with serve({"polly": made.instrument}, made.world) as server:
        yield made, (server.services[0].host, server.services[0].port)


def hear(link: socket.socket, seconds: float = 2.0) -> bytes:
    """Return one line, or what came before the end; raises TimeoutError when nothing ends it."""
    link.settimeout(seconds)
    data = b""
    while not data.endswith(b"\n") and (chunk := link.recv(4096)):
        data += chunk
    return data


def ask(link: socket.socket, message: bytes) -> bytes:
    link.sendall(message + b"\n")
    return hear(link)


def test_late_split_doubled_and_lost_replies(aviary: MakeAviary) -> None:
    faults = """
[[fault]]
at = "a"
do = "late"
message = "late"
delay = "4 s"
[[fault]]
at = "a"
do = "split"
message = "split"
delay = "4 s"
[[fault]]
at = "a"
do = "doubled"
message = "twice"
[[fault]]
at = "a"
do = "lost"
message = "lost"
"""
    with served(aviary, faults) as (made, address), socket.create_connection(address) as link:
        begun = made.world.now()
        assert ask(link, b"say late") == b"late\n"
        assert made.world.now() - begun > 4
        begun = made.world.now()
        assert ask(link, b"say split") == b"split\n"
        assert made.world.now() - begun > 4
        link.sendall(b"say lost\nsay twice\n")
        assert hear(link).splitlines()[0] == b"twice"
        assert {strike.fault for strike in made.script.log} == {"late", "split", "doubled", "lost"}


def test_a_line_that_nobody_asked_for(aviary: MakeAviary) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "unsolicited"\ntext = "ho"\nmessage = "one"\n'
    with served(aviary, faults) as (_, address), socket.create_connection(address) as link:
        link.sendall(b"say one\n")
        data = hear(link)
        assert (data if data.count(b"\n") == 2 else data + hear(link)) == b"ho\none\n"


def test_a_connection_that_is_closed_in_mid_reply(aviary: MakeAviary) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "closed"\nmessage = "hello"\nbytes = 2\n'
    with served(aviary, faults) as (_, address):
        with socket.create_connection(address) as link:
            assert ask(link, b"say hello") == b"he"
            assert link.recv(1) == b""
        with socket.create_connection(address) as link:
            assert ask(link, b"say again") == b"again\n"


def test_a_connection_that_is_reset(aviary: MakeAviary) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "reset"\nmessage = "hello"\n'
    with served(aviary, faults) as (_, address):
        with socket.create_connection(address) as link, pytest.raises(ConnectionResetError):
            ask(link, b"say hello")
        with socket.create_connection(address) as link:
            assert ask(link, b"say again") == b"again\n"


def test_a_timed_reset_reaches_every_client_also_one_that_never_asked(aviary: MakeAviary) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "reset"\nwhen = "4 s"\n'
    with (
        served(aviary, faults) as (made, address),
        socket.create_connection(address) as first,
        socket.create_connection(address) as second,
    ):
        for link in (first, second):
            with pytest.raises(ConnectionResetError):
                hear(link)
        assert made.world.now() >= 4


def test_a_silent_wire_keeps_the_connection(aviary: MakeAviary) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "silent"\nmessage = "one"\n'
    with served(aviary, faults) as (made, address):
        for _ in range(2):
            with socket.create_connection(address) as link:
                link.sendall(b"say one\n")
                with pytest.raises(TimeoutError):
                    hear(link, 0.2)
        assert made.parrot.heard == []


def test_a_hung_instrument_catches_up(aviary: MakeAviary) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "hung"\nmessage = "one"\nduration = "4 s"\n'
    with served(aviary, faults) as (made, address), socket.create_connection(address) as link:
        begun = made.world.now()
        link.sendall(b"say one\nsay two\n")
        data = hear(link)
        assert (data if data.count(b"\n") == 2 else data + hear(link)) == b"one\ntwo\n"
        assert made.world.now() - begun >= 4


def test_a_stream_goes_on_until_the_client_has_enough(aviary: MakeAviary) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "endless"\n'
    with served(aviary, faults) as (_, address), socket.create_connection(address) as link:
        link.sendall(b"say one\n")
        link.settimeout(5)
        heard = 0
        while heard < 100_000:
            data = link.recv(65536)
            assert data
            assert b"\n" not in data
            heard += len(data)


def test_garbage_over_a_socket(aviary: MakeAviary) -> None:
    faults = '[[fault]]\nat = "a"\ndo = "gibberish"\n'
    with served(aviary, faults) as (_, address), socket.create_connection(address) as link:
        data = ask(link, b"say hello")
        assert len(data) == 6
        assert all(byte >= 0x80 for byte in data[:-1])
