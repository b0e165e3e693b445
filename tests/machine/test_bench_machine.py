"""Any drive, any fault, at any moment: nothing is harmed, no reading lies, afterwards all is off, or told not to be."""

from __future__ import annotations

import math
import shutil
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, precondition, rule, run_state_machine_as_test
from machine.asked import ailments, drives, rests, wire_faults
from machine.laboratory import POLICIES, Laboratory
from machine.truth import wrong_times, wrong_values
from machine.witness import Witness

from nwlab.core.drive import Drive
from nwlab.core.errors import AnswerError, DriveError, NwlabError, UnsafeError
from nwlab.core.reading import Reading
from nwlab.lab.open_chip import OpenChip
from nwlab.virtual.ailments import Bounce, HeldContact
from nwlab.virtual.faults import acts
from nwlab.virtual.faults.script import Strike

TIMEOUT = 5.0  # s, of the links here
BOOT = 5.0  # s

MIDDLES = ("stop", "safe", "safe, then stop", "die")
"""What happens in the middle of a drive: closing the iterator, the safe order on its own, a dead program."""


def lasts(act: acts.Act) -> float:
    """The s that a fault stands once it has struck."""
    duration = getattr(act, "duration", 0.0)
    return float(duration) if math.isfinite(duration) else 0.0


def is_absorbed(act: acts.Act) -> bool:
    """Whether nobody may notice it but by what the links count."""
    match act:
        case acts.Doubled() | acts.Ails(Bounce(), _):
            return True
        case acts.Late(delay) | acts.Split(_, delay) | acts.Hang(delay):
            return delay <= TIMEOUT / 5
    return False


class BenchMachine(RuleBasedStateMachine):
    """A bench, what is asked of it, and what befalls it."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="nwlab-machine-"))
        self.chip: OpenChip | None = None
        self.forgiven: set[Strike] = set()  # strikes that explain nothing any more
        self.failed = False  # whether an error came that nobody has looked after
        self.finished: Drive | None = None  # the drive that has gone well from beginning to end
        self.last: Drive | None = None  # the last drive that was not refused
        self.dead: list[Iterator[Reading]] = []  # drives whose program has died

    @initialize(
        kind=st.sampled_from(["resistors", "resistors", "memristive"]), policy=st.sampled_from(sorted(POLICIES))
    )
    def begin(self, kind: str, policy: str) -> None:
        self.lab = Laboratory(self.folder, kind, policy)
        self.is_ohmic = kind == "resistors"
        self.witness = Witness(self.lab)
        self.chip = self.lab.open()

    @precondition(lambda self: self.chip is not None)
    @rule(drive=drives())
    def drive(self, drive: Drive) -> None:
        with self.acting():
            self.play(drive, "end", 0)

    @precondition(lambda self: self.chip is not None)
    @rule(drive=drives(), middle=st.sampled_from(MIDDLES), blocks=st.integers(0, 3))
    def drive_up_to_its_middle(self, drive: Drive, middle: str, blocks: int) -> None:
        with self.acting():
            self.play(drive, middle, blocks)

    @precondition(lambda self: self.chip is not None)
    @rule(drive=drives(hold=True))
    def hold_then_drive_back(self, drive: Drive) -> None:
        with self.acting():
            self.play(drive, "end", 0)
        self.drive_again(hold=False)

    @precondition(lambda self: self.chip is not None and self.last is not None)
    @rule(hold=st.booleans())
    def drive_again(self, hold: bool) -> None:
        """The same terminals once more, backwards: no relay needs to move."""
        if self.chip is None or self.last is None:
            return
        forces = tuple(replace(force, levels=force.levels[::-1]) for force in self.last.forces)
        with self.acting():
            self.play(replace(self.last, forces=forces, hold=hold), "end", 0)

    @precondition(lambda self: self.chip is not None)
    @rule(drive=rests())
    def rest(self, drive: Drive) -> None:
        with self.acting():
            self.play(drive, "end", 0)

    @precondition(lambda self: self.chip is not None)
    @rule(everything=st.booleans())
    def make_safe(self, everything: bool) -> None:
        with self.acting():
            self.safe(everything=everything)

    @rule(fault=wire_faults() | ailments())
    def plant(self, fault: str) -> None:
        self.lab.plant(fault)

    @rule(seconds=st.sampled_from([0.01, 1.0, 10.0, 100.0]))
    def wait(self, seconds: float) -> None:
        with self.acting():
            self.lab.clock.sleep(seconds)
            self.lab.world.settle()

    @precondition(lambda self: self.chip is not None and self.chip.bench._guard._latch.latch)
    @rule()
    def arm(self) -> None:
        with self.acting():
            assert self.chip is not None
            assert self.chip.bench is not None
            self.chip.bench.arm()

    @precondition(lambda self: self.chip is not None)
    @rule()
    def close(self) -> None:
        self.shut()

    @precondition(lambda self: self.chip is None)
    @rule()
    def open(self) -> None:
        with self.acting():
            self.chip = self.lab.open()

    @precondition(lambda self: self.failed)
    @rule()
    def mend(self) -> None:
        """What a person does after an error: wait, look, open the bench anew, bring down what was found on."""
        if self.chip is not None:
            self.shut()
        self.wait(100.0)
        self.open()
        if self.chip is not None:
            self.make_safe(everything=True)
            self.failed = False

    def teardown(self) -> None:
        try:
            if self.chip is not None:
                self.shut()
        finally:
            if hasattr(self, "lab"):
                self.lab.world.watch(None)
            for blocks in self.dead:
                with suppress(NwlabError):
                    blocks.close()  # type: ignore[attr-defined]
            shutil.rmtree(self.folder, ignore_errors=True)

    def play(self, drive: Drive, middle: str, count: int) -> None:
        """Play a drive up to its end, or until something happens in its middle."""
        assert self.chip is not None
        told, moments = self.lab.messages, self.witness.moments
        try:
            blocks = self.chip.apply(drive)
        except DriveError as error:
            note(str(error))
            assert (self.lab.messages, self.witness.moments) == (told, moments), "a refused drive reached an instrument"
            return
        self.last = drive
        begun, first, wrong = self.lab.clock.now(), 0, ""
        self.witness.sensed = any(force.sense is not None for force in drive.forces)
        for number, block in enumerate(blocks):
            wrong = wrong or self.look_at(drive, block, first, begun)
            first += block.steps
            if middle != "end" and number >= count:
                assert not wrong or self.matrix_fell(begun), wrong
                self.interrupt(blocks, middle)
                return
        assert first == drive.steps, f"{first} of {drive.steps} samples, and no error"
        assert not wrong, f"{wrong}; and no error"
        self.finished = drive
        if not drive.hold:
            self.demand_rest()

    def interrupt(self, blocks: Iterator[Reading], middle: str) -> None:
        """Let something happen in the middle of a drive."""
        if middle == "die":
            self.dead.append(blocks)
            self.chip = None
            return
        if middle == "stop":
            blocks.close()  # type: ignore[attr-defined]
            self.demand_rest()
            return
        self.safe(everything=True)
        blocks.close()  # type: ignore[attr-defined]
        if middle == "safe, then stop":
            self.safe(everything=True)

    def safe(self, *, everything: bool) -> None:
        """Make safe; what is told must be so."""
        assert self.chip is not None
        state = self.chip.make_safe(everything=everything)
        if state.confirmed and not any("left as found" in line for line in state.found):
            assert not self.lab.driven(), f"{state}, but {self.lab.driven()}"
        state.demand()

    def shut(self) -> None:
        """Close the bench: everything is off and open afterwards, or the error says that it may not be."""
        with self.acting():
            assert self.chip is not None
            chip, self.chip = self.chip, None
            assert chip.bench is not None
            if chip.bench.found_on:
                chip.make_safe(everything=True).demand()
            chip.close()
            assert not self.lab.driven(), f"closed without a word, but {self.lab.driven()}"

    def look_at(self, drive: Drive, block: Reading, first: int, begun: float) -> str:
        """Refuse a block that is out of order, and say what in it cannot be."""
        assert first + block.steps <= drive.steps, "more samples than steps"
        assert not (text := wrong_times(drive, block.onset, first)), text
        assert not block.steps or not first or bool(np.all(np.diff(block.onset) > 0))
        sound = not any(
            isinstance(act, acts.Ails) and isinstance(act.ailment, HeldContact) and strike.time + lasts(act) >= begun
            for strike, act in self.lab.strikes
        )
        return wrong_values(drive, block, first, ohmic=self.is_ohmic and sound)

    def matrix_fell(self, begun: float) -> bool:
        """Whether the matrix lost its power meanwhile: that is found at the end of a drive only."""
        return any(
            strike.fault == "reboot" and strike.at == "m" and strike.time >= begun for strike, _ in self.lab.strikes
        )

    def demand_rest(self) -> None:
        """Nothing stands at the chip after a drive that does not hold."""
        for smu in self.lab.smu.smus:
            level = smu.source.present_level if smu.source.output == 1 and smu.source._powered else 0.0
            assert level == 0, f"channel {smu.port} stands at {level} after the drive"

    @contextmanager
    def acting(self) -> Generator[None, None, None]:
        """Judge what happened meanwhile; an error needs a fault that explains it."""
        self.finished = None
        begun, matrix_told = self.lab.clock.now(), self.lab.matrix.heard
        failure: NwlabError | None = None
        try:
            yield
        except (AnswerError, UnsafeError, DriveError) as error:
            failure = error
        self.witness.settle(self.lab.world.now())
        assert not self.witness.complaints, self.witness.complaints
        if failure is not None:
            self.failed = True
            assert self.excuses(), f"nothing had happened that explains {failure!r}"
            assert not isinstance(failure, DriveError), f"refused in the middle: {failure}"
        if self.witness.hot:
            # The last resort: the relays of an SMU that answers no more are opened all the same, and it is told.
            assert failure is not None, self.witness.hot
            assert any(strike.at != "m" for strike, _ in self.excuses()), self.witness.hot
            self.witness.hot.clear()
        if failure is None and self.finished:
            self.forgive(begun, smu=bool(self.finished.forces), matrix=self.lab.matrix.heard > matrix_told + 4)

    def excuses(self) -> list[tuple[Strike, acts.Act]]:
        """Return the strikes that may still explain an error."""
        return [each for each in self.lab.strikes if each[0] not in self.forgiven and not is_absorbed(each[1])]

    def forgive(self, begun: float, *, smu: bool, matrix: bool) -> None:
        """What struck before a drive that went well explains nothing any more, unless it still stood."""
        used = {"a": smu, "b": smu, "m": matrix}
        for strike, act in self.excuses():
            if used[strike.at] and strike.time + lasts(act) < begun:
                self.forgiven.add(strike)


def run(examples: int, steps: int) -> None:
    run_state_machine_as_test(
        BenchMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate, Phase.shrink),
        ),
    )


def test_a_few_hundred_steps() -> None:
    run(10, 40)


@pytest.mark.slow
@pytest.mark.fault(23, "whatever was asked and befell, no relay was told to move with more than 20 mV across it")
@pytest.mark.fault(18, "whatever was asked and befell, no terminal saw more than the limits of the bench")
def test_two_thousand_steps() -> None:
    run(50, 40)
