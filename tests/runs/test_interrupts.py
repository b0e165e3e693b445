"""Real signals to real programs: Ctrl-C once, twice and hammered, SIGTERM, SIGHUP, at any moment."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Generator
from pathlib import Path

import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.drive import Drive
from nwlab.core.errors import Stopped, Terminated, WireError
from nwlab.core.events import BlockArrived, Event, RunFinished
from nwlab.core.reading import Reading
from nwlab.runs.interrupts import interrupts, shielded
from nwlab.runs.player import play
from nwlab.runs.recording import Run, load_run
from nwlab.runs.requests import Requests

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals as a terminal sends them exist on POSIX only")

CHILD = """
import itertools, sys
import numpy as np
from nwlab.core.clock import SystemClock
from nwlab.core.errors import NwlabError, Terminated
from nwlab.core.record import RunInfo
from nwlab.runs.interrupts import interrupts
from nwlab.runs.runner import record_run
from runs.ohmic import OhmicChip, several, volts

folder, at_block, at_close, steps = sys.argv[1], float(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])

def tell(text):
    sys.stdout.write(text + "\\n"); sys.stdout.flush()

def wait(number):
    tell(f"block {number}")
    SystemClock().sleep(at_block)

class Slow(OhmicChip):
    def close(self):
        tell("closing")
        SystemClock().sleep(at_close)
        super().close()
        tell("closed")

def protocol():
    try:
        yield volts(np.linspace(0.1, 1, steps))
    finally:
        tell("protocol left")

with interrupts(last=True):
    try:
        record_run(protocol(), Slow(block=1, at_block=wait), folder, RunInfo("slow"), close=True)
    except (KeyboardInterrupt, Terminated) as error:
        exit_code = getattr(error, "exit_code", 130)
sys.exit(exit_code)
"""


class Child:
    """A program that plays blocks, each of which takes `at_block` s; its close takes `at_close` s."""

    def __init__(
        self,
        folder: Path,
        at_block: float,
        at_close: float = 0.0,
        *,
        under: tuple[str, ...] = (),
        steps: int = 100_000,
    ) -> None:
        root = Path(__file__).parents[2]
        environment = {**os.environ, "PYTHONPATH": f"{root}{os.pathsep}{root / 'tests'}"}
        command = [*under, sys.executable, "-c", CHILD, str(folder), str(at_block), str(at_close), str(steps)]
        self.folder = folder
        self.process = subprocess.Popen(
            command,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
            cwd=root,
        )
        self.until("block 3" if at_block < 1 else "block 0")

    def until(self, line: str) -> None:
        assert self.process.stdout is not None
        while (found := self.process.stdout.readline().strip()) != line:
            assert found, f"the program ended before it said {line!r}"

    def strike(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> tuple[list[str], str]:
        """What it said from now on, and its stderr."""
        said, complaints = self.process.communicate(timeout=20)
        return [line for line in said.splitlines() if not line.startswith("block")], complaints

    @property
    def run(self) -> Run:
        return load_run(self.folder)


SAFE = ["closing", "closed", "protocol left"]


@pytest.mark.fault(25, "One Ctrl-C: told at once, the block under way is kept, chip closed, run marked, code 130.")
def test_ctrl_c_once_stops_after_the_block(tmp_path: Path) -> None:
    child = Child(tmp_path / "r", 1.5)
    begun = time.monotonic()
    child.strike(signal.SIGINT)
    assert child.process.stderr is not None
    told = child.process.stderr.readline()
    at_once = time.monotonic() - begun
    said, _ = child.end()
    assert told == "nwlab: stopping after this block; press Ctrl-C again to stop now\n"
    assert at_once < 1.0
    assert (child.process.returncode, said) == (130, SAFE)
    assert (child.run.status, child.run.reason, child.run.samples) == ("interrupted", "Ctrl-C", 1)


@pytest.mark.fault(25, "Two Ctrl-C end a block that takes for ever, at once and with the same safe state.")
def test_ctrl_c_twice_does_not_wait_for_the_block(tmp_path: Path) -> None:
    child = Child(tmp_path / "r", 1000.0)
    begun = time.monotonic()
    child.strike(signal.SIGINT)
    assert child.process.stderr is not None
    child.process.stderr.readline()
    child.strike(signal.SIGINT)
    said, _ = child.end()
    assert time.monotonic() - begun < 5
    assert (child.process.returncode, said) == (130, SAFE)
    assert (child.run.status, child.run.exit_code, child.run.samples) == ("interrupted", 130, 0)


@pytest.mark.fault(
    25, "Ctrl-C hammered at random moments, on into clean-up: closed once and whole, never left running."
)
@pytest.mark.parametrize("seed", range(10))
def test_hammered_ctrl_c_never_breaks_the_clean_up(tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)
    child = Child(tmp_path / "r", 0.003, 0.2)
    while child.process.poll() is None:
        child.strike(signal.SIGINT)
        time.sleep(chance.uniform(0.0, 0.01))
    said, _ = child.end()
    assert child.process.returncode == 130
    assert said[:2] == SAFE[:2]
    assert (child.run.status, child.run.exit_code) == ("interrupted", 130)
    assert (child.run.rows().voltage > 0).all()


@pytest.mark.fault(
    26, "A signal while a finished run is being closed: closed whole, record whole, then the program ends."
)
@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 143), (signal.SIGINT, 130)])
def test_a_signal_while_a_finished_run_is_closed_ends_the_program_afterwards(
    tmp_path: Path, number: int, code: int
) -> None:
    child = Child(tmp_path / "r", 0.003, 0.3, steps=5)
    child.until("closing")
    child.strike(number)
    said, _ = child.end()
    assert (child.process.returncode, said) == (code, ["closed"])
    assert (child.run.status, child.run.exit_code, child.run.samples) == ("finished", 0, 5)


def test_ctrl_c_in_the_last_block_keeps_the_next_run_from_starting() -> None:
    chip, played = OhmicChip(at_block=lambda _: signal.raise_signal(signal.SIGINT)), list[int]()

    def batch() -> None:
        for number in range(2):
            play(several(volts([1, 2, 3])), chip)
            played.append(number)

    with interrupts(), pytest.raises(KeyboardInterrupt):
        batch()
    assert (played, chip.rested) == ([], 1)


@pytest.mark.parametrize(
    ("number", "error"), [(signal.SIGINT, KeyboardInterrupt), (signal.SIGTERM, Terminated), (signal.SIGHUP, Terminated)]
)
@pytest.mark.parametrize("around", [interrupts, contextlib.nullcontext])
@pytest.mark.fault(26, "In a shielded clean-up a signal waits until it is done; then it takes effect.")
def test_a_shielded_clean_up_runs_to_its_end(
    number: int, error: type[BaseException], around: Callable[[], contextlib.AbstractContextManager[object]]
) -> None:
    done = list[str]()

    def clean_up() -> None:
        with shielded():
            with shielded():
                signal.raise_signal(number)
                done.append("inner")
            signal.raise_signal(number)
            done.append("outer")
        done.append("after")

    with around(), pytest.raises(error):
        clean_up()
    assert done == ["inner", "outer"]


def test_a_shield_hides_no_error_of_the_clean_up() -> None:
    def clean_up() -> None:
        with shielded():
            signal.raise_signal(signal.SIGTERM)
            raise WireError("lost")

    with pytest.raises(WireError, match="lost"):
        clean_up()


def test_a_shield_does_nothing_without_a_signal_or_off_the_main_thread() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)]
    seen = list[object]()

    def elsewhere() -> None:
        with shielded():
            seen.extend(signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP))

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert seen == before
    with shielded():
        pass
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)] == before


@pytest.mark.fault(25, "Ctrl-C while the chip is being closed changes nothing: it is closed to the end.")
def test_ctrl_c_while_closing_is_ignored(tmp_path: Path) -> None:
    child = Child(tmp_path / "r", 0.003, 0.3)
    child.strike(signal.SIGTERM)
    child.until("closing")
    for _ in range(3):
        child.strike(signal.SIGINT)
        time.sleep(0.02)
    said, _ = child.end()
    assert (child.process.returncode, said) == (143, SAFE[1:])
    assert child.run.exit_code == 143


@pytest.mark.fault(26, "SIGTERM and SIGHUP end a block that takes for ever; same safe state, code 143.")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_the_system_ends_a_run_at_once(tmp_path: Path, number: int) -> None:
    child = Child(tmp_path / "r", 1000.0)
    child.strike(number)
    said, _ = child.end()
    assert (child.process.returncode, said) == (143, SAFE)
    assert (child.run.status, child.run.exit_code) == ("interrupted", 143)


@pytest.mark.fault(26, "Under nohup a closed terminal does not end the run.")
def test_nohup_is_respected(tmp_path: Path) -> None:
    child = Child(tmp_path / "r", 0.003, under=("nohup",))
    child.strike(signal.SIGHUP)
    child.until("block 30")
    assert child.run.status == "running"
    child.strike(signal.SIGINT)
    assert child.end()[0] == SAFE


def strike(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)


@pytest.mark.fault(25, "A run in a thread of a script ends after its block when the main thread gets Ctrl-C.")
def test_ctrl_c_reaches_a_run_in_another_thread() -> None:
    begun, ended = threading.Event(), []

    def wait(block: int) -> None:
        begun.set()
        time.sleep(0.002)

    def work() -> None:
        try:
            play(several(volts([1.0] * 10_000)), OhmicChip(block=1, at_block=wait))
        except Stopped as error:
            ended.append(str(error))

    thread = threading.Thread(target=work)
    thread.start()
    assert begun.wait(10)
    with interrupts():
        strike()
        thread.join(10)
    assert ended == ["Ctrl-C"]


def test_a_program_may_stop_its_run_from_another_thread() -> None:
    requests, events = Requests(), []
    chip = OhmicChip(block=1, at_block=lambda block: requests.stop() if block == 2 else None)
    with pytest.raises(Stopped, match="by the program"):
        play(several(volts([1, 2, 3, 4, 5])), chip, (events.append,), requests=requests)
    assert sum(isinstance(event, BlockArrived) for event in events) == 3
    assert events[-1] == RunFinished("interrupted", 130, "stopped by the program that started it")


@pytest.mark.fault(25, "A protocol that swallows the interrupt cannot keep the run going.")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_swallowed_interrupt_still_ends_the_run(number: int) -> None:
    def stubborn() -> Generator[Drive, Reading, None]:
        while True:
            try:
                yield volts([1])
                strike(number)
                strike(number)
            except BaseException:  # what a lab's own step may do
                yield volts([2])

    events: list[Event] = []
    with interrupts(), pytest.raises(BaseException) as caught:  # noqa: PT011 - either of two, looked at below
        play(stubborn(), OhmicChip(), (events.append,))
    assert isinstance(events[-1], RunFinished)
    assert events[-1].exit_code == getattr(caught.value, "exit_code", 130) == (130 if number == signal.SIGINT else 143)


@pytest.mark.fault(25, "Ctrl-C during the clean-up after another failure does not hide that failure.")
def test_ctrl_c_in_the_clean_up_of_a_failure_keeps_its_reason() -> None:
    class Patient(OhmicChip):
        def close(self) -> None:
            for _ in range(3):
                strike()
            super().close()

    def lose(block: int) -> None:
        raise WireError("lost")

    chip, events = Patient(at_block=lose), []
    with interrupts(), pytest.raises(WireError):
        play(several(volts([1])), chip, (events.append,), close=True)
    assert (chip.closed, events[-1].exit_code) == (1, 5)


def test_a_chip_is_closed_to_the_end_when_a_whole_run_is_interrupted_then() -> None:
    class Patient(OhmicChip):
        def close(self) -> None:
            strike(signal.SIGTERM)
            super().close()

    chip, events = Patient(), []
    with interrupts(), pytest.raises(Terminated):
        play(several(volts([1])), chip, (events.append,), close=True)
    assert (chip.closed, events[-1]) == (1, RunFinished("finished", 0))


@pytest.mark.fault(25, "A drive whose levels are held is aborted to rest by a stop, even at its last block.")
def test_a_stop_does_not_leave_a_held_level() -> None:
    requests = Requests()
    chip = OhmicChip(block=1, at_block=lambda block: requests.stop() if block == 1 else None)
    finished: list[bool] = []

    class Watched(OhmicChip):
        def apply(self, drive: Drive) -> Generator[Reading, None, None]:
            yield from chip.apply(drive)
            finished.append(True)

    held = Drive(volts([1, 2]).dwell, volts([1, 2]).forces, hold=True)
    with pytest.raises(Stopped):
        play(several(held, volts([3])), Watched(), requests=requests)
    assert (finished, chip.rested) == ([], 1)


def test_handlers_of_the_program_come_back() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)
    with interrupts(), interrupts():
        assert signal.getsignal(signal.SIGTERM) != before[1]
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
    play(several(volts([1])), OhmicChip())
    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before
