"""Host and guest: the contract of a chip holds across the seam, and whatever happens ends safely."""

from __future__ import annotations

import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from contract import ChipContract, drive, play, volts
from runs.ohmic import several

from nwlab.core.chip import Chip
from nwlab.core.clock import Clock, SystemClock, VirtualClock, time_with_sleep
from nwlab.core.drive import Drive
from nwlab.core.errors import DriveError, InstrumentError, UnsafeError, WireError
from nwlab.core.events import BlockArrived, Event
from nwlab.core.reading import Reading
from nwlab.core.record import RunInfo
from nwlab.core.safe_state import Deadlines, SafePolicy, SafeState
from nwlab.lab.bench_file import load_bench_file
from nwlab.lab.bench_process import about_words
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import open_bench
from nwlab.lab.places import find
from nwlab.remote import guest
from nwlab.remote.guest import RemoteChip
from nwlab.remote.host import Host
from nwlab.remote.logbook import Logbook
from nwlab.remote.message import Message, drive_message
from nwlab.remote.pipe import Pipe
from nwlab.runs.recording import load_run
from nwlab.runs.runner import record_run
from nwlab.virtual.k707 import Virtual707
from nwlab.virtual.k2600 import Virtual2600
from nwlab.virtual.k2600_source import ON

BUSY = 0.4
"""S that a busy computer may add to a deadline."""


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


@pytest.mark.fault(28, "no beat while a level stands: zero within the heartbeat and 100 ms, off and open, read back")
def test_a_control_program_that_hangs_finds_a_safe_bench() -> None:
    with seam(heartbeat=0.3) as made:
        times = levels_of(made.bench)
        play(made.chip, drive(volts(1.0), hold=True))
        held = time.monotonic()
        assert times[-1][1] == pytest.approx(1.0, abs=0.01)
        assert standing(made.bench) == ["output a", "relays 1A01, 1B02"]
        state = made.wait()
        zero = next(when for when, level in times if when > held and abs(level) < 0.01)
        assert 0.3 * 0.7 < zero - held < 0.3 + 0.1 + BUSY
        assert standing(made.bench) == []
        assert state.confirmed
        assert state.found == (f"{next(iter(made.bench.about.identities))}: outputs a, b off", "m: all relays open")
        with pytest.raises(WireError, match=r"silent for 300 ms while a level stood.*safe state confirmed"):
            made.chip.apply(drive(volts(1.0)))
        with pytest.raises(DriveError, match="has gone to its safe state"):
            made.chip.apply(drive(volts(1.0)))


@pytest.mark.fault(39, "the computer slept in a drive: safe state, read back; the run is marked as ended early by that")
def test_a_computer_that_slept_finds_a_safe_bench(tmp_path: Path) -> None:
    slept = threading.Event()
    with seam(heartbeat=1.0) as made:
        watch = made.host._watch
        watch._with_sleep = lambda: time_with_sleep() + 3720.0 * slept.is_set()
        times = levels_of(made.bench)

        def sleep(event: Event) -> None:
            if isinstance(event, BlockArrived):
                slept.set()

        chip = OpenChip(made.chip, about_of_nothing())
        with pytest.raises(WireError, match=r"the computer slept for 1 h 02 min 00 s; safe state confirmed"):
            record_run(several(LONG), chip, tmp_path / "run", RunInfo("x"), subscribers=(sleep,))
        assert made.wait().confirmed
        assert max(level for _, level in times) == pytest.approx(1.0, abs=0.01)
        assert standing(made.bench) == []
    run = load_run(tmp_path / "run")
    assert (run.status, run.exit_code) == ("failed", 5)
    assert "the computer slept" in run.reason
    assert 0 < run.samples < LONG.steps
    np.testing.assert_allclose(run.current, 1e-4, rtol=2e-3)


def levels_of(bench: OpenChip) -> list[tuple[float, float]]:
    """Note from now on when the chip saw which V, by the computer's clock."""
    times: list[tuple[float, float]] = []
    assert bench.table is not None
    bench.table.world.watch(
        lambda moment: times.append((time.monotonic(), moment.potentials["A"] - moment.potentials["B"]))
    )
    return times


def standing(bench: OpenChip) -> list[str]:
    """Return what is on or closed, as the virtual instruments themselves have it."""
    assert bench.table is not None
    smu, matrix = bench.table.instruments.values()
    assert isinstance(smu, Virtual2600)
    assert isinstance(matrix, Virtual707)
    closed = ", ".join(sorted(matrix.relays._driven))
    on = [f"output {each.port}" for each in smu.smus if each.source.output == ON]
    return on + ([f"relays {closed}"] if closed else [])


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


class Ramping(Breaking):
    """A chip that fails in the middle of a drive, if so wanted, and takes its time on the way to rest."""

    fails, reaches_zero, lasts = True, True, 0.4

    def __init__(self, chip: OpenChip) -> None:
        super().__init__(chip)
        self.level, self.resting, self.holding = 0.0, False, False

    def apply(self, drive: Drive) -> Iterator[Reading]:
        tick = Reading(0.0, np.empty(0), *[np.empty((0, 1))] * 4, *[np.empty((0, 1), dtype=bool)] * 2)
        self.level, self.holding = 1.0, True
        try:
            yield tick
            if self.fails:
                raise WireError("the instrument fails")
            while True:
                time.sleep(0.01)
                yield tick
        finally:
            self._rest()

    def _rest(self) -> None:
        self.resting = True
        try:
            for step in range(20):
                time.sleep(self.lasts / 20)
                if self.reaches_zero:
                    self.level = 1.0 - (step + 1) / 20
            self.holding = not self.reaches_zero
        finally:
            self.resting = False


ONE = Drive(np.full(1, 0.05), (volts(1.0),))


def test_a_ramp_longer_than_the_heartbeat_is_no_silence() -> None:
    """The control program beats while it waits for the end of a stop."""
    with seam(heartbeat=0.1) as made:
        chip = Ramping(made.bench)
        chip.fails = False
        made.host._chip = chip  # type: ignore[assignment]
        blocks = made.chip.apply(ONE)
        next(blocks)
        blocks.close()  # type: ignore[attr-defined]
        assert (chip.level, made.host.reason) == (0.0, "")
        made.host._chip = made.bench
        assert play(made.chip, drive(volts(1.0))).steps == 1


@pytest.mark.fault(
    30, "an abort after which levels still stand is no stop: safe state, and the control program is told"
)
@pytest.mark.parametrize("fails", [False, True])
def test_what_does_not_come_to_rest_is_made_safe(fails: bool) -> None:
    with seam() as made:
        chip = Ramping(made.bench)
        chip.fails, chip.reaches_zero, chip.lasts = fails, False, 0.0
        made.host._chip = chip  # type: ignore[assignment]
        blocks = made.chip.apply(ONE)
        with pytest.raises(WireError, match=r"levels still stood after a drive was aborted.*safe state confirmed"):
            _ = list(blocks) if fails else (next(blocks), blocks.close())  # type: ignore[attr-defined]
        assert ("the instrument fails" in made.chip.cause) is fails
        assert made.wait().confirmed


@contextmanager
def in_the_main_thread(chip: Ramping, guest_does: Callable[[Pipe], None], **more: float) -> Iterator[Host]:
    """A host whose main thread is this one, struck by signals as in a bench process."""
    near, far = socket.socketpair()
    ours, theirs = Pipe(near), Pipe(far)
    main = threading.main_thread().ident or 0
    host = Host(
        chip,  # type: ignore[arg-type]
        theirs,
        Deadlines(5.0, 60.0),
        Logbook("test"),
        interrupt=lambda: signal.pthread_kill(main, signal.SIGUSR1),
    )
    before = signal.signal(signal.SIGUSR1, lambda *_: host.strike())
    thread = threading.Thread(target=guest_does, args=(ours,))
    thread.start()
    try:
        yield host
    finally:
        thread.join(10)
        signal.signal(signal.SIGUSR1, before)
        ours.close()
        theirs.close()


def expect(pipe: Pipe, *kinds: str) -> Message:
    """Take messages, one of each kind, and return the last."""
    message = None
    for kind in kinds:
        message = pipe.receive(5.0)
        assert message is not None
        assert message.kind == kind
    assert message is not None
    return message


def test_a_stop_does_not_strike_a_chip_on_its_way_to_rest() -> None:
    levels: list[float] = []

    def stop_while_it_rests(pipe: Pipe) -> None:
        expect(pipe, "ready")
        pipe.send(drive_message(ONE, ("A", "B")))
        expect(pipe, "accepted")
        pipe.send(Message("go"))
        time.sleep(0.15)
        pipe.send(Message("stop"))
        expect(pipe, "failed")
        levels.append(chip.level)
        expect(pipe, "stopped")
        pipe.send(Message("safe"))
        expect(pipe, "safe")

    with open_bench("virtual", chip="resistor-10k") as bench:
        chip = Ramping(bench)
        with in_the_main_thread(chip, stop_while_it_rests) as host:
            assert host.serve({}).confirmed
    assert levels == [0.0]


@pytest.mark.fault(30, "the safe order is not interrupted by a second reason, and the first one is told")
def test_a_second_reason_changes_nothing_once_the_safe_order_has_begun() -> None:
    told: list[Message] = []

    class Slow(Ramping):
        def make_safe(self) -> SafeState:
            self._rest()
            return SafeState(found=(f"at {self.level}",))

    def ask_then_trip(pipe: Pipe) -> None:
        expect(pipe, "ready")
        pipe.send(Message("safe"))
        time.sleep(0.1)
        host.trip("a second reason")
        told.append(expect(pipe, "safe"))

    with open_bench("virtual", chip="resistor-10k") as bench, in_the_main_thread(Slow(bench), ask_then_trip) as host:
        state = host.serve({})
    assert state == SafeState(found=("at 0.0",))
    assert told[0].words["cause"] == ""


def test_a_chip_sleeps_longer_than_the_heartbeat_while_a_level_stands() -> None:
    with seam(heartbeat=0.1) as made:
        play(made.chip, drive(volts(1.0), hold=True))
        made.host._chip = Timed(made.bench, SystemClock())  # type: ignore[assignment]
        since = made.chip.clock.now()
        made.chip.clock.sleep(0.5)
        assert 0.5 <= made.chip.clock.now() - since < 2.0
        assert made.host.reason == ""
        made.host._chip = Timed(made.bench, VirtualClock())  # type: ignore[assignment]
        made.chip.clock.sleep(1e6)
        assert made.chip.clock.now() == pytest.approx(1e6)


class Timed(Breaking):
    """A chip with another clock."""

    def __init__(self, chip: OpenChip, clock: Clock) -> None:
        super().__init__(chip)
        self.clock = clock


def test_a_side_that_hangs_is_noticed_by_one_who_sleeps() -> None:
    gate = threading.Event()

    class Stopped(SystemClock):
        def sleep(self, seconds: float) -> None:
            gate.wait(10)

    with seam(rescue=lambda: SafeState(found=("looked at",)), silence=0.3) as made:
        play(made.chip, drive(volts(1.0), hold=True))
        made.host._chip = Timed(made.bench, Stopped())  # type: ignore[assignment]
        with pytest.raises(WireError, match=r"has not answered for 0.3 s; .*looked at"):
            made.chip.clock.sleep(60.0)
        gate.set()


def test_whoever_is_interrupted_while_it_sleeps_can_close_at_once() -> None:
    with seam(heartbeat=0.5) as made:
        made.host._chip = Timed(made.bench, SystemClock())  # type: ignore[assignment]
        made.pipe.send(Message("sleep", {"seconds": 3600.0}))  # Ctrl-C came while the answer was waited for
        made.chip.close()
        assert made.wait().confirmed


@pytest.mark.fault(29, "a bench process that dies before anything was driven leaves the instruments to others")
def test_nothing_driven_is_nothing_to_rescue() -> None:
    with seam(rescue=_broken) as made:
        made.chip.apply(ONE)
        assert not made.chip.at_stake
        made.host.reason = "died"
        made._far.close()
        with pytest.raises(WireError, match="nothing had been driven, and the instruments were left as they were"):
            made.chip.apply(ONE)
        made.chip.close()


def test_a_bench_that_nobody_can_look_at_is_told_as_such() -> None:
    with seam() as made:
        play(made.chip, ONE)
        made.host.reason = "died"
        made._far.close()
        with pytest.raises(WireError, match="nobody here can look at the instruments: their state is NOT confirmed"):
            made.chip.apply(ONE)


def test_a_close_that_was_interrupted_is_not_done(monkeypatch: pytest.MonkeyPatch) -> None:
    with seam() as made:
        play(made.chip, drive(volts(1.0), hold=True))
        receive = made.pipe.receive

        def struck(patience: float | None = None) -> Message | None:
            monkeypatch.setattr(made.pipe, "receive", receive)
            raise KeyboardInterrupt

        monkeypatch.setattr(made.pipe, "receive", struck)
        with pytest.raises(KeyboardInterrupt):
            made.chip.close()
        made.chip.close()
        assert made.chip.safe_state is not None
        assert made.chip.safe_state.confirmed
        assert made.wait().confirmed


def test_a_drive_that_was_left_alone_is_stopped_before_the_next_and_before_the_end() -> None:
    """An interrupt in the midst of a loop over blocks leaves them unclosed, as long as its traceback is kept."""
    with seam() as made:
        left = made.chip.apply(LONG)
        next(block for block in left if block.steps)
        assert play(made.chip, drive(volts(1.0))).steps == 1
        left.close()  # type: ignore[attr-defined]
        left = made.chip.apply(LONG)
        next(block for block in left if block.steps)
        made.chip.close()
        assert made.wait().confirmed


def test_the_patience_of_a_control_program_grows_with_the_ramps_of_its_bench() -> None:
    file = load_bench_file(find("bench", "virtual"))
    slow = replace(file, policies={"a": SafePolicy(ramp=1e-3, deadline=600.0), "b": SafePolicy(deadline=9e9)})
    with open_bench("virtual", chip="resistor-10k") as bench:
        usual, patient = about_words(bench, file), about_words(bench, slow)
    for key in ("silence", "safe_within"):
        assert patient[key] - usual[key] == 600.0
    assert 10.0 <= usual["silence"] < 60.0
    assert usual["safe_within"] > usual["silence"]
