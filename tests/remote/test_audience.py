"""Observers see everything as long as they keep up, and nobody waits for those who do not."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from nwlab.remote.audience import Audience
from nwlab.remote.message import Message
from nwlab.remote.pipe import Gone, Pipe

LARGE = b"x" * 4_000_000  # more than a socket takes at once


@pytest.fixture
def audience() -> Iterator[Audience]:
    made = Audience()
    yield made
    made.close()


def take_all(pipe: Pipe) -> None:
    while pipe.receive(5.0) is not None:
        pass


def observer(audience: Audience) -> Pipe:
    near, far = socket.socketpair()
    audience.add(Pipe(far), Message("ready"))
    pipe = Pipe(near)
    assert pipe.receive(5.0) == Message("ready")
    return pipe


def test_an_observer_that_is_behind_costs_the_bench_nothing_and_loses_nothing(audience: Audience) -> None:
    pipe = observer(audience)
    since = time.monotonic()
    for number in range(20):
        audience.tell(Message("block", {"number": number}, LARGE))
    assert time.monotonic() - since < 0.1
    for number in range(20):
        message = pipe.receive(10.0)
        assert message is not None
        assert message.words["number"] == number
    pipe.close()


@pytest.mark.fault(
    37, "an observer that takes nothing is left behind; the others and the bench go on, memory is bounded"
)
def test_an_observer_that_takes_nothing_is_left_behind(audience: Audience) -> None:
    stuck, awake = observer(audience), observer(audience)
    for number in range(400):
        audience.tell(Message("block", {"number": number}, LARGE[:10_000]))
        message = awake.receive(5.0)
        assert message is not None
        assert message.words["number"] == number
    with pytest.raises(Gone):
        take_all(stuck)  # what the socket had taken is still there, then the end
    for pipe in (stuck, awake):
        pipe.close()


def test_at_the_end_all_are_parted_with(audience: Audience) -> None:
    pipe = observer(audience)
    audience.close()
    with pytest.raises(Gone):
        pipe.receive(5.0)
    pipe.close()


def test_there_is_room_for_so_many_and_again_when_one_has_left(audience: Audience) -> None:
    here = [observer(audience) for _ in range(audience.ROOM)]
    near, far = socket.socketpair()
    audience.add(Pipe(far), Message("ready"))
    refused = Pipe(near).receive(5.0)
    assert refused is not None
    assert "watch already" in refused.words["text"]
    here.pop().close()
    time.sleep(1.5)
    here.append(observer(audience))
    for pipe in here:
        pipe.close()
    near.close()
