"""A message arrives whole or not at all, whatever interrupts its sender."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from nwlab.remote.message import Message
from nwlab.remote.pipe import Gone, Pipe


@pytest.fixture
def ends() -> Iterator[tuple[Pipe, Pipe]]:
    near, far = socket.socketpair()
    pipes = Pipe(near), Pipe(far)
    yield pipes
    for pipe in pipes:
        pipe.close()


LARGE = Message("large", {}, bytes(range(256)) * 40_000)


def interrupted(pipe: Pipe) -> None:
    """Send a message that the other side does not take yet, until Ctrl-C strikes."""
    main = threading.main_thread().ident or 0
    threading.Timer(0.1, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        pipe.send(LARGE)


def taken(pipe: Pipe, count: int) -> list[Message]:
    messages: list[Message] = []
    while len(messages) < count:
        message = pipe.receive(5.0)
        assert message is not None
        messages.append(message)
    return messages


@pytest.mark.fault(
    25, "Ctrl-C in the midst of a message: its rest is sent before the next one, and the seam stays whole"
)
def test_a_torn_message_is_sent_to_its_end_before_the_next(ends: tuple[Pipe, Pipe]) -> None:
    interrupted(ends[0])
    came: list[Message] = []
    reader = threading.Thread(target=lambda: came.extend(taken(ends[1], 3)))
    reader.start()
    ends[0].send(Message("stop"), 5.0)
    ends[0].send(Message("safe"), 5.0)
    reader.join(10)
    assert came == [LARGE, Message("stop"), Message("safe")]


def test_a_message_that_had_not_begun_is_dropped(ends: tuple[Pipe, Pipe]) -> None:
    interrupted(ends[0])
    interrupted(ends[0])  # waits for the rest of the first one
    reader_came: list[Message] = []
    reader = threading.Thread(target=lambda: reader_came.extend(taken(ends[1], 2)))
    reader.start()
    ends[0].send(Message("safe"), 5.0)
    reader.join(10)
    assert [message.kind for message in reader_came] == ["large", "safe"]


def test_one_who_takes_nothing_is_given_up(ends: tuple[Pipe, Pipe]) -> None:
    since = time.monotonic()
    with pytest.raises(Gone, match="not taken a message in time"):
        ends[0].send(LARGE, 0.1)
    assert time.monotonic() - since < 1.0
    with pytest.raises(Gone, match="not taken a message in time"):
        ends[0].send(Message("safe"), 0.1)


def test_a_connection_between_computers_finds_out_that_one_of_them_is_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as link:
        Pipe(link)
        assert link.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)
