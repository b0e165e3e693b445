"""Instruments and the clock behind TCP ports of this computer."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator

import pytest
from virtual.parrot import Parrot
from virtual.resistor_film import ResistorFilm

from nwlab.core.clock import SystemClock
from nwlab.core.errors import UsageError, WireError
from nwlab.core.wiring import Wiring
from nwlab.virtual.clock_link import RemoteClock, serve_clock
from nwlab.virtual.server import Server, serve
from nwlab.virtual.world import World


@pytest.fixture
def world() -> World:
    return World(ResistorFilm(1), Wiring(("A",)), SystemClock(speed=100))


@pytest.fixture
def parrots(world: World) -> dict[str, Parrot]:
    return {"polly": Parrot(world), "jaco": Parrot(world)}


@pytest.fixture
def server(world: World, parrots: dict[str, Parrot]) -> Iterator[Server]:
    with serve(parrots, world) as server:
        yield server


def connect(server: Server, index: int = 0) -> socket.socket:
    service = server.services[index]
    return socket.create_connection((service.host, service.port), timeout=5)


def ask(link: socket.socket, message: bytes) -> bytes:
    link.sendall(message)
    return hear(link)


def hear(link: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\n"):
        chunk = link.recv(4096)
        if not chunk:
            break
        data += chunk
    return data


def test_each_instrument_has_a_port(server: Server) -> None:
    assert [service.name for service in server.services] == ["polly", "jaco"]
    assert server.services[0].resource == f"TCPIP0::127.0.0.1::{server.services[0].port}::SOCKET"
    for index in (0, 1):
        with connect(server, index) as link:
            assert ask(link, b"say hello\r\n") == b"hello\n"


def test_a_message_may_come_in_pieces(server: Server) -> None:
    with connect(server) as link:
        link.sendall(b"say he")
        assert ask(link, b"llo\n") == b"hello\n"


def test_two_clients_each_get_their_own_reply(server: Server) -> None:
    with connect(server) as first, connect(server) as second:
        for _ in range(20):
            assert ask(first, b"say one\n") == b"one\n"
            assert ask(second, b"say two\n") == b"two\n"


def test_one_busy_instrument_does_not_delay_another(server: Server) -> None:
    with connect(server, 0) as slow, connect(server, 1) as quick:
        slow.sendall(b"busy 20\nsay done\n")
        assert ask(quick, b"say here\n") == b"here\n"
        assert hear(slow) == b"done\n"


def test_a_reply_that_becomes_ready_later_is_sent(server: Server) -> None:
    with connect(server) as link:
        assert ask(link, b"later 10 ready\n") == b"ready\n"


def test_a_client_that_leaves_in_mid_message_does_no_harm(server: Server, parrots: dict[str, Parrot]) -> None:
    for _ in range(20):
        with connect(server) as link:
            assert ask(link, b"say hello\n") == b"hello\n"
            link.sendall(b"say half a mess")
    assert not any("half" in message for message in parrots["polly"].heard)


def test_two_clients_that_are_each_in_mid_message_do_not_mix(server: Server) -> None:
    with connect(server) as first, connect(server) as second:
        first.sendall(b"say fi")
        second.sendall(b"say sec")
        assert ask(first, b"rst\n") == b"first\n"
        assert ask(second, b"ond\n") == b"second\n"


def test_the_last_client_to_leave_leaves_a_cleared_instrument(server: Server, parrots: dict[str, Parrot]) -> None:
    with connect(server) as link:
        assert ask(link, b"say hello\n") == b"hello\n"
    for _ in range(500):
        if parrots["polly"].cleared:
            break
        threading.Event().wait(0.01)
    assert parrots["polly"].cleared == 1


def test_a_client_that_resets_the_connection_does_no_harm(server: Server) -> None:
    link = connect(server)
    link.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    link.sendall(b"say lost\n")
    link.close()
    with connect(server) as other:
        assert ask(other, b"say hello\n") == b"hello\n"


def test_a_second_client_is_refused_when_one_is_the_limit(world: World, parrots: dict[str, Parrot]) -> None:
    with serve(parrots, world, exclusive=True) as server, connect(server) as first:
        assert ask(first, b"say one\n") == b"one\n"
        with connect(server) as second:
            assert hear(second) == b""
        assert ask(first, b"say still here\n") == b"still here\n"


def test_stopping_hangs_up_and_frees_the_ports(world: World, parrots: dict[str, Parrot]) -> None:
    server = serve(parrots, world)
    ports = {service.name: service.port for service in server.services}
    with connect(server) as link:
        assert ask(link, b"say hello\n") == b"hello\n"
        server.close()
        assert link.recv(10) == b""
    server.close()
    with serve(parrots, world, ports=ports) as again:
        assert {service.name: service.port for service in again.services} == ports


def test_a_taken_port_is_named(world: World, parrots: dict[str, Parrot], server: Server) -> None:
    taken = server.services[1].port
    with pytest.raises(UsageError, match=f"jaco: port {taken} of 127.0.0.1 is in use"):
        serve(parrots, world, ports={"jaco": taken})


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.0.11", "lab.example.org"])
def test_only_this_computer_is_served(world: World, parrots: dict[str, Parrot], host: str) -> None:
    with pytest.raises(UsageError, match="this computer only"):
        serve(parrots, world, host=host)


def test_a_remote_clock_shows_and_passes_world_time(world: World) -> None:
    listener = serve_clock(world)
    clock, seen = RemoteClock(listener.host, listener.port), list[float]()
    before = clock.now()
    assert before <= world.now()
    world.at(before + 5, lambda: seen.append(world.now()))
    clock.sleep(10.0)
    assert clock.now() >= before + 10
    assert seen == [pytest.approx(before + 5)]
    clock.sleep(-1)
    clock.close()
    clock.close()
    listener.close()


def test_threads_may_sleep_and_look_at_once(world: World) -> None:
    listener = serve_clock(world)
    clock = RemoteClock(listener.host, listener.port)
    sleeper = threading.Thread(target=clock.sleep, args=(50.0,))
    sleeper.start()
    before = clock.now()
    assert clock.now() - before < 50
    assert sleeper.is_alive()
    sleeper.join(5)
    assert not sleeper.is_alive()
    clock.close()
    listener.close()


def test_a_clock_that_goes_away_is_a_wire_error(world: World) -> None:
    listener = serve_clock(world)
    clock = RemoteClock(listener.host, listener.port)
    listener.close()
    with pytest.raises(WireError, match=f"127.0.0.1:{listener.port} is gone"):
        clock.now()
    with pytest.raises(WireError, match=r"no clock answers .*nwlab serve"):
        clock.now()


@pytest.mark.parametrize("question", [b"sleep forever\n", b"sleep -1\n", b"sleep inf\n", b"what\n", b"\xff\n"])
def test_nonsense_to_the_clock_is_answered(world: World, question: bytes) -> None:
    listener = serve_clock(world)
    with socket.create_connection((listener.host, listener.port), timeout=5) as link:
        assert ask(link, question).startswith(b"error")
        assert float(ask(link, b"now\n")) >= 0
    listener.close()
