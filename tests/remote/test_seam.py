"""Host and guest: the contract of a chip holds across the seam, and whatever happens ends safely."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from contract import ChipContract, drive, play, volts

from nwlab.core.chip import Chip
from nwlab.core.drive import Drive
from nwlab.core.errors import DriveError, InstrumentError, UnsafeError, WireError
from nwlab.core.reading import Reading
from nwlab.core.safe_state import Deadlines, SafeState
from nwlab.lab.bench_file import load_bench_file
from nwlab.lab.bench_process import about_words
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import open_bench
from nwlab.lab.places import find
from nwlab.remote import guest
from nwlab.remote.guest import RemoteChip
from nwlab.remote.host import Host
from nwlab.remote.logbook import Logbook
from nwlab.remote.message import Message
from nwlab.remote.pipe import Pipe


class Seam:
    """A virtual bench behind the seam, its host in a thread of this process."""

    def __init__(self, heartbeat: float = 5.0, rescue: object = None, **about: float) -> None:
        near, far = socket.socketpair()
        self.bench = open_bench("virtual", chip="resistor-10k")
        self.pipe, self._far = Pipe(near), Pipe(far)
        self.host = Host(self.bench, self._far, Deadlines(heartbeat, 60.0), Logbook("test"))
        self.state: SafeState | None = None
        self._about = {"heartbeat": heartbeat, **about}
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()
        self.chip = RemoteChip(self.pipe, rescue)  # type: ignore[arg-type]

    def wait(self) -> SafeState:
        self._thread.join(10)
        assert self.state is not None
        return self.state

    def _serve(self) -> None:
        file = load_bench_file(find("bench", "virtual"))
        self.state = self.host.serve({**about_words(self.bench, file), **self._about})
        self._far.close()
        self.bench.let_go()


@contextmanager
def seam(**more: object) -> Iterator[Seam]:
    made = Seam(**more)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.pipe.close()
        made.wait()


class TestThroughTheSeam(ChipContract):
    tolerance = 1e-3
    offset = 1e-7

    @pytest.fixture
    def chip(self) -> Iterator[Chip]:
        with seam() as made:
            yield OpenChip(made.chip, about_of_nothing())


def about_of_nothing():  # type: ignore[no-untyped-def]
    from nwlab.lab.open_chip import About

    return About()


LONG = Drive(np.full(5000, 0.05), (volts(*[1.0] * 5000),))


def test_closing_reads_back_and_says_what_was_found() -> None:
    with seam() as made:
        play(made.chip, drive(volts(1.0)))
        made.chip.close()
        assert made.chip.safe_state is not None
        assert made.chip.safe_state.confirmed
        assert any("outputs a, b off" in line for line in made.chip.safe_state.found)
        assert made.wait().confirmed


def test_a_drive_that_was_never_begun_is_dropped() -> None:
    with seam() as made:
        made.chip.apply(LONG)
        assert play(made.chip, drive(volts(1.0))).steps == 1
        made.chip.apply(LONG)
        made.chip.close()
        assert made.wait().confirmed


def test_limits_hold_on_the_far_side_too() -> None:
    """A control program that does not check is refused by the bench."""
    with seam() as made, pytest.raises(DriveError, match=r"5.5 V exceeds the limit of 5 V"):
        made.chip.apply(drive(volts(5.5)))


@pytest.mark.fault(
    28, "no beat for a heartbeat while a level stands: safe state, read back, the control program is told"
)
def test_a_control_program_that_hangs_finds_a_safe_bench() -> None:
    with seam(heartbeat=0.1) as made:
        play(made.chip, drive(volts(1.0), hold=True))
        time.sleep(0.4)
        state = made.wait()
        assert state.confirmed
        assert any("outputs a, b off" in line for line in state.found)
        with pytest.raises(WireError, match=r"silent for 100 ms while a level stood.*safe state confirmed"):
            made.chip.apply(drive(volts(1.0)))
        with pytest.raises(DriveError, match="has gone to its safe state"):
            made.chip.apply(drive(volts(1.0)))


def test_at_rest_it_may_think() -> None:
    with seam(heartbeat=0.1) as made:
        play(made.chip, drive(volts(1.0)))
        time.sleep(0.4)
        assert play(made.chip, drive(volts(1.0))).steps == 1


@pytest.mark.fault(29, "the control program reaches the instruments over fresh links, or says that it cannot: code 7")
def test_a_bench_process_that_vanishes_is_rescued_or_reported() -> None:
    for rescue, code in ((lambda: SafeState(found=("looked at",)), 0), (None, 7), (_broken, 7)):
        with seam(rescue=rescue) as made:
            blocks = made.chip.apply(LONG)
            next(block for block in blocks if block.steps)
            made.host.reason = "died"
            made._far.close()
            with pytest.raises(WireError):
                list(blocks)
            if code:
                with pytest.raises(UnsafeError, match="could NOT be confirmed"):
                    made.chip.close()
            else:
                made.chip.close()
                assert made.chip.safe_state == SafeState(found=("looked at",))


def _broken() -> SafeState:
    raise WireError("no route to the instrument")


@pytest.mark.fault(29, "a bench process that hangs is given up, and the instruments are reached over fresh links")
def test_a_bench_process_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guest, "_LOADING", 0.0)
    gate = threading.Event()

    class Hanging(Breaking):
        def apply(self, drive: Drive) -> Iterator[Reading]:
            blocks = self._chip.apply(drive)
            yield next(blocks)
            gate.wait(10)

    with seam(rescue=lambda: SafeState(found=("looked at",)), silence=0.2) as made:
        made.host._chip = Hanging(made.bench)  # type: ignore[assignment]
        with pytest.raises(WireError, match=r"has said nothing for 0.2 s; .*fresh links"):
            list(made.chip.apply(LONG))
        gate.set()
        assert made.chip.safe_state == SafeState(found=("looked at",))


class Breaking:
    """A chip whose drives fail in the middle."""

    def __init__(self, chip: OpenChip) -> None:
        self._chip = chip

    def __getattr__(self, name: str) -> object:
        return getattr(self._chip, name)

    def apply(self, drive: Drive) -> Iterator[Reading]:
        blocks = self._chip.apply(drive)

        def broken() -> Iterator[Reading]:
            yield next(blocks)
            raise InstrumentError(802, "output blocked by interlock", "2636B at 1")

        return broken()


class Stuck(Breaking):
    """A chip that cannot be brought to rest."""

    def apply(self, drive: Drive) -> Iterator[Reading]:
        blocks = self._chip.apply(drive)
        try:
            yield from blocks
        finally:
            raise WireError("the levels could not be brought to zero")


def test_a_stop_that_fails_is_told() -> None:
    with seam() as made:
        made.host._chip = Stuck(made.bench)  # type: ignore[assignment]
        blocks = made.chip.apply(LONG)
        next(block for block in blocks if block.steps)
        with pytest.raises(WireError, match="could not be brought to zero"):
            blocks.close()  # type: ignore[attr-defined]
        made.host._chip = made.bench


def test_an_instruments_error_arrives_as_itself_and_the_bench_stays_usable() -> None:
    with seam() as made:
        made.host._chip = Breaking(made.bench)  # type: ignore[assignment]
        with pytest.raises(InstrumentError, match="2636B at 1 reports error 802: output blocked"):
            list(made.chip.apply(drive(volts(1.0, 1.0))))
        made.host._chip = made.bench
        assert play(made.chip, drive(volts(1.0))).steps == 1


@pytest.mark.fault(41, "a control program that asks for what nobody knows is parted with, in the safe state")
def test_an_unknown_request_ends_in_the_safe_state() -> None:
    with seam() as made:
        play(made.chip, drive(volts(1.0), hold=True))
        made.pipe.send(Message("reboot"))
        state = made.wait()
        assert state.confirmed
        assert "asks for 'reboot'" in made.host.reason
