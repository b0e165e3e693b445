"""Silence is judged by what stands on the chip, and only after everything that arrived was read."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator

import pytest

from nwlab.core.safe_state import Deadlines
from nwlab.remote.message import Message
from nwlab.remote.pipe import Pipe
from nwlab.remote.watch import Watch


class Trips:
    def __init__(self) -> None:
        self.reasons: list[str] = []
        self.when = 0.0
        self._came = threading.Event()

    def __call__(self, reason: str) -> None:
        self.when = time.monotonic()
        self.reasons.append(reason)
        self._came.set()

    def wait(self, seconds: float) -> bool:
        return self._came.wait(seconds)


@pytest.fixture
def ends() -> Iterator[tuple[Pipe, Pipe, socket.socket]]:
    near, far = socket.socketpair()
    pipes = Pipe(near), Pipe(far)
    yield (*pipes, near)
    for pipe in pipes:
        pipe.close()


def watch(pipe: Pipe, trips: Trips, heartbeat: float = 0.1, think: float = 60.0, **more: object) -> Watch:
    made = Watch(pipe, Deadlines(heartbeat, think), trips, **more)  # type: ignore[arg-type]
    made.start()
    return made


def test_a_level_binds_the_heartbeat_and_rest_does_not(ends: tuple[Pipe, Pipe, socket.socket]) -> None:
    trips = Trips()
    watching = watch(ends[1], trips)
    assert not trips.wait(0.3)
    since = time.monotonic()
    watching.driven = True
    assert trips.wait(2.0)
    assert 0.09 < trips.when - since < 0.3
    assert "silent for 100 ms while a level stood" in trips.reasons[0]


def test_beats_keep_it_quiet_and_carry_progress(ends: tuple[Pipe, Pipe, socket.socket]) -> None:
    trips = Trips()
    watching = watch(ends[1], trips, heartbeat=0.2)
    watching.driven = True
    for count in range(10):
        ends[0].send(Message("beat", {"progress": count}))
        time.sleep(0.05)
    assert trips.reasons == []
    assert watching.progress == 9
    assert trips.wait(2.0)
    assert "it had taken 9 blocks" in trips.reasons[0]


def test_thinking_has_an_end_too(ends: tuple[Pipe, Pipe, socket.socket]) -> None:
    trips = Trips()
    watch(ends[1], trips, think=0.15)
    assert trips.wait(2.0)
    assert trips.reasons == ["the control program was silent for 150 ms"]


def test_an_end_of_file_trips_at_once(ends: tuple[Pipe, Pipe, socket.socket]) -> None:
    trips = Trips()
    watch(ends[1], trips)
    since = time.monotonic()
    ends[0].close()
    assert trips.wait(2.0)
    assert trips.when - since < 0.05
    assert trips.reasons == ["the control program is gone"]


@pytest.mark.fault(41, "nonsense on the seam is taken as a fault of the control program: safe state")
def test_nonsense_trips(ends: tuple[Pipe, Pipe, socket.socket]) -> None:
    trips = Trips()
    watch(ends[1], trips)
    ends[2].send(b"\x00\x00\x00\x05\x00\x00\x00\x00hello")
    assert trips.wait(2.0)
    assert "talks nonsense" in trips.reasons[0]


@pytest.mark.fault(41, "a beat that counts in words, or a listener that breaks, ends in the safe state, not unwatched")
@pytest.mark.parametrize("progress", ["x", None, [], {"a": 1}, 1.5, 1e308])
def test_a_beat_that_is_none_trips(ends: tuple[Pipe, Pipe, socket.socket], progress: object) -> None:
    trips = Trips()
    watch(ends[1], trips)
    ends[0].send(Message("beat", {"progress": progress}))
    assert trips.wait(2.0)
    assert "talks nonsense: a beat that has taken" in trips.reasons[0]


@pytest.mark.fault(41, "whatever breaks in the watch itself trips it: nobody else watches")
def test_a_watch_that_breaks_trips(ends: tuple[Pipe, Pipe, socket.socket]) -> None:
    def hear(message: Message) -> bool:
        raise RuntimeError(f"no ear for {message.kind}")

    trips = Trips()
    watch(ends[1], trips, hear=hear)
    ends[0].send(Message("go"))
    assert trips.wait(2.0)
    assert trips.reasons == ["the watch over the control program failed: RuntimeError: no ear for go"]


def test_a_watch_that_relents_reads_on_and_judges_no_more(ends: tuple[Pipe, Pipe, socket.socket]) -> None:
    """A control program that goes on beating while the bench is made safe must not get stuck in a full pipe."""
    trips = Trips()
    watching = watch(ends[1], trips)
    watching.driven = True
    watching.relent()
    for count in range(5000):
        ends[0].send(Message("beat", {"progress": count}), patience=5.0)
    ends[0].close()
    assert not trips.wait(0.3)


@pytest.mark.fault(39, "a clock that goes on in sleep shows the gap: safe state, even when beats go on at once")
@pytest.mark.parametrize("beating", [False, True])
def test_a_computer_that_slept_trips_although_its_clock_stood_still(
    ends: tuple[Pipe, Pipe, socket.socket], beating: bool
) -> None:
    trips, asleep = Trips(), [0.0]
    watching = watch(ends[1], trips, with_sleep=lambda: time.monotonic() + asleep[0])
    watching.driven = beating
    for count in range(200):
        if beating:
            ends[0].send(Message("beat", {"progress": count}))
        if count == 20:
            assert trips.reasons == []
            asleep[0] = 3720.0
        if trips.wait(0.01):
            break
    assert trips.reasons == ["the computer slept for 1 h 02 min 00 s"]


def test_what_arrived_is_read_before_silence_is_judged(ends: tuple[Pipe, Pipe, socket.socket]) -> None:
    """A watch that a busy computer kept from running for longer than a heartbeat finds the beats of that time."""
    trips = Trips()
    late = Watch(ends[1], Deadlines(0.1), trips)
    late.driven = True
    time.sleep(0.2)
    ends[0].send(Message("beat", {"progress": 1}))
    late.start()
    time.sleep(0.05)
    assert trips.reasons == []
    assert trips.wait(1.0)
