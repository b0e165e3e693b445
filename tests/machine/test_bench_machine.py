"""Any drive, any fault, at any moment: nothing is harmed, no reading lies, afterwards all is off, or told not to be."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from machine.asked import ailments, drives, rests, wire_faults
from machine.experimenter import MIDDLES, Experimenter
from machine.laboratory import POLICIES

from nwlab.core.drive import Drive


def at_the_bench(machine: BenchMachine) -> bool:
    """Whether the bench is open."""
    return machine.person.chip is not None


class BenchMachine(RuleBasedStateMachine):
    """A bench, what is asked of it, and what befalls it."""

    taken = 0  # steps, of all sequences so far

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="nwlab-machine-"))

    @initialize(
        chip=st.sampled_from(["resistors", "resistors", "memristive"]), policy=st.sampled_from(sorted(POLICIES))
    )
    def begin(self, chip: str, policy: str) -> None:
        self.person = Experimenter(self.folder, chip, policy)

    @precondition(at_the_bench)
    @rule(drive=drives())
    def drive(self, drive: Drive) -> None:
        self.person.play(drive)

    @precondition(at_the_bench)
    @rule(drive=drives(), middle=st.sampled_from(MIDDLES), blocks=st.integers(0, 3))
    def drive_up_to_its_middle(self, drive: Drive, middle: str, blocks: int) -> None:
        self.person.play(drive, middle, blocks)

    @precondition(at_the_bench)
    @rule(drive=drives(hold=True))
    def hold_then_drive_back(self, drive: Drive) -> None:
        self.person.play(drive)
        self.person.play_back(hold=False)

    @precondition(at_the_bench)
    @rule(hold=st.booleans())
    def drive_back(self, hold: bool) -> None:
        self.person.play_back(hold=hold)

    @precondition(at_the_bench)
    @rule(drive=rests())
    def rest(self, drive: Drive) -> None:
        self.person.play(drive)

    @precondition(at_the_bench)
    @rule(everything=st.booleans())
    def make_safe(self, everything: bool) -> None:
        self.person.make_safe(everything=everything)

    @precondition(lambda self: self.person.is_barred)
    @rule()
    def arm(self) -> None:
        self.person.arm()

    @precondition(at_the_bench)
    @rule()
    def close(self) -> None:
        self.person.close()

    @precondition(lambda self: not at_the_bench(self) and not self.person.stuck)
    @rule()
    def open(self) -> None:
        self.person.open()

    @precondition(lambda self: not self.person.stuck)
    @rule(fault=wire_faults() | ailments())
    def plant(self, fault: str) -> None:
        self.person.lab.plant(fault)

    @precondition(at_the_bench)
    @rule(fault=wire_faults() | ailments(), drive=drives())
    def plant_then_drive(self, fault: str, drive: Drive) -> None:
        self.person.lab.plant(fault)
        self.person.play(drive)

    @precondition(lambda self: not self.person.stuck)
    @rule(seconds=st.sampled_from([0.01, 1.0, 10.0, 100.0]))
    def wait(self, seconds: float) -> None:
        self.person.wait(seconds)

    @precondition(lambda self: self.person.failed and not self.person.stuck)
    @rule()
    def mend(self) -> None:
        """What a person does after an error: wait, look, open the bench anew, bring down what was found on."""
        if at_the_bench(self):
            self.person.close()
        self.person.wait(100.0)
        self.person.open()
        if at_the_bench(self):
            self.person.make_safe(everything=True)
            self.person.failed = False

    @precondition(lambda self: self.person.stuck)
    @rule()
    def begin_anew(self) -> None:
        self.person.leave()
        self.begin("resistors", "steps")

    @invariant()
    def a_step_was_taken(self) -> None:
        type(self).taken += 1

    def teardown(self) -> None:
        try:
            if hasattr(self, "person"):
                self.person.leave()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)


def run(examples: int, steps: int) -> int:
    """Play sequences, the same ones each time; returns how many steps were taken."""
    before = BenchMachine.taken
    run_state_machine_as_test(
        BenchMachine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize=True,
            database=None,
            suppress_health_check=list(HealthCheck),
            phases=(Phase.generate,),  # to shrink a sequence takes minutes: by hand, where one was found
        ),
    )
    return BenchMachine.taken - before


def test_a_few_hundred_steps() -> None:
    assert run(12, 40) >= 400


@pytest.mark.slow
@pytest.mark.fault(18, "whatever was asked and befell, no terminal saw more than the limits of the bench")
@pytest.mark.fault(23, "whatever was asked and befell, no relay was told to move with more than 20 mV across it")
@pytest.mark.fault(
    30, "whatever was asked and befell, all was off and open after closing, or exit code 7 told otherwise"
)
def test_two_thousand_steps() -> None:
    assert run(75, 40) >= 2000
