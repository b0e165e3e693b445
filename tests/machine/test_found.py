"""Sequences that the machine found, or that show in the small what it looks for."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from machine.laboratory import Laboratory
from machine.truth import wrong_values
from machine.witness import Witness

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError, InstrumentError, RebootError, WireError
from nwlab.core.reading import join
from nwlab.lab.open_chip import OpenChip
from nwlab.virtual.witness import Moment

N, E, S, W = range(4)


@pytest.fixture
def lab(tmp_path: Path) -> Laboratory:
    return Laboratory(tmp_path, "resistors", "steps")


def force(terminal: int, low: int | None, *levels: float, compliance: float = 2e-4) -> Force:
    return Force(terminal, Quantity.VOLTAGE, np.array(levels), compliance, low=low)


def amps(terminal: int, low: int | None, *levels: float, compliance: float = 2.0) -> Force:
    return Force(terminal, Quantity.CURRENT, np.array(levels), compliance, low=low)


def drive(*forces: Force, ground: tuple[int, ...] = (), dwell: float = 0.06) -> Drive:
    return Drive(np.full(forces[0].levels.size, dwell), forces, ground)


def long(low: float, high: float) -> Drive:
    return drive(force(N, S, *np.linspace(low, high, 20)))


@pytest.mark.fault(18, "sources in series, on islands, or that meet in one terminal are refused for their sum")
@pytest.mark.parametrize(
    ("asked", "complaint"),
    [
        (drive(force(N, E, 3.0), force(E, S, 3.0)), "N, E: up to 6 V would stand between them"),
        (drive(force(N, E, 3.0), force(S, W, -3.0)), "N, S: up to 6 V would stand between them"),
        (drive(force(N, None, 3.0), amps(E, None, -1e-5)), "N, E: up to 5 V would stand between them"),
        (drive(amps(N, E, 1e-5), amps(E, S, 1e-5, compliance=3.0)), "N, E: up to 5 V would stand between them"),
        (drive(force(N, S, 1.0, compliance=3e-4), force(E, S, 1.0, compliance=3e-4)), "S: up to 600 uA would flow"),
        (
            drive(force(N, None, 1.0, compliance=3e-4), force(E, None, 1.0, compliance=3e-4), ground=(S,)),
            "S: up to 600 uA would flow through it from N, E",
        ),
    ],
)
def test_what_sources_can_do_together_is_held_against_the_limits(lab: Laboratory, asked: Drive, complaint: str) -> None:
    with lab.open() as chip:
        told = lab.messages
        with pytest.raises(DriveError, match=complaint):
            chip.apply(asked)
        assert lab.messages == told


@pytest.mark.parametrize(
    "asked",
    [
        drive(force(N, S, 4.0), amps(E, S, 0.0, compliance=4.0)),  # a voltmeter drives nothing
        drive(force(N, None, 4.0), force(E, None, 0.0), ground=(S,)),  # an ammeter takes what the other one gives
        drive(force(N, None, 1.0), amps(E, None, 1e-5, compliance=4.0)),  # up to 4 V, both above common
        drive(force(N, S, 4.0), force(E, S, 4.0)),
    ],
)
def test_what_sources_cannot_do_together_is_not_held_against_them(lab: Laboratory, asked: Drive) -> None:
    witness = Witness(lab)
    with lab.open() as chip:
        reading = join(chip.apply(asked))
    assert not wrong_values(asked, reading, 0, ohmic=True)
    witness.settle(lab.world.now())
    assert (witness.complaints, witness.hot) == ([], [])


@pytest.mark.fault(
    15, "a matrix that rebooted during a drive was found when the drive ended, though nobody had to ask it"
)
@pytest.mark.parametrize("boot", ["100 ms", "30 s"])
def test_a_matrix_that_lost_its_power_in_a_drive_is_found_at_its_end(lab: Laboratory, boot: str) -> None:
    with lab.open() as chip:
        join(chip.apply(long(-0.5, -1.0)))
        lab.plant(f'[[fault]]\nat = "m"\ndo = "reboot"\nboot = "{boot}"\nwhen = "700 ms"\n')
        if boot == "30 s":
            with pytest.raises(WireError, match="was not answered"):
                join(chip.apply(long(0.5, 1.0)))
            lab.clock.sleep(60)
        with pytest.raises(RebootError, match=r"Keithley 707B.* was switched off or rebooted"):
            join(chip.apply(long(0.5, 1.0)))
        assert right(chip, long(0.5, 1.0))


@pytest.mark.fault(
    22, "a relay that opened in the middle of a drive was found when it ended; the next drive routed anew"
)
def test_a_relay_that_opens_in_a_drive_is_found_at_its_end(lab: Laboratory) -> None:
    with lab.open() as chip:
        join(chip.apply(long(-0.5, -1.0)))
        lab.plant('[[fault]]\nat = "m"\ndo = "stuck-open"\ncrosspoint = "A1"\nwhen = "700 ms"\nduration = "10 s"\n')
        with pytest.raises(InstrumentError, match=r"relays moved while a drive was played: .*A01, B03.*now B03"):
            join(chip.apply(long(0.5, 1.0)))
        lab.clock.sleep(60)
        assert right(chip, long(0.5, 1.0))


@pytest.mark.fault(
    17, "a line that was lost on its way to the instrument left no old level behind: the drive did not start"
)
@pytest.mark.parametrize("line", ["trigger.source.l", "trigger.count", "trigger.timer[1].delay", "nwlab_lines = 0"])
def test_a_line_that_is_lost_keeps_a_drive_from_starting(lab: Laboratory, line: str) -> None:
    witness = Witness(lab)
    with lab.open() as chip:
        join(chip.apply(long(-0.5, -1.0)))
        lab.plant(f'[[fault]]\nat = "a"\ndo = "lost"\nwhat = "message"\nmessage = "{line}"\n')
        before = witness.moments
        with pytest.raises(InstrumentError, match=r"\d+ of \d+ lines have arrived"):
            join(chip.apply(long(0.5, 1.0)))
        assert witness.moments - before < 3
        assert right(chip, long(0.5, 1.0))


@pytest.mark.fault(2, "a line of thousands of digits is no tag, however long a number it would be")
def test_a_line_of_digits_is_no_tag(lab: Laboratory) -> None:
    digits = "7" * 5000
    lab.plant(f'[[fault]]\nat = "a"\ndo = "unsolicited"\ntext = "{digits}"\nmessage = "source.output"\n')
    with lab.open() as chip:
        assert right(chip, long(0.5, 1.0))
        assert [strike.fault for strike, _ in lab.strikes] == ["unsolicited"]


@pytest.mark.fault(3, "a question was asked a third time when the way back into step was hit as well")
def test_the_way_back_into_step_may_be_hit_as_well(lab: Laboratory) -> None:
    with lab.open() as chip:
        join(chip.apply(long(-0.5, -1.0)))
        lab.plant('[[fault]]\nat = "a"\ndo = "lost"\nmessage = "sweeping"\n')
        lab.plant('[[fault]]\nat = "a"\ndo = "lost"\nmessage = "nwlab "\n')
        assert right(chip, long(0.5, 1.0))
        assert [strike.fault for strike, _ in lab.strikes] == ["lost", "lost"]


@pytest.mark.fault(1, "an answer that came late after the start did not make the start look later than it was")
@pytest.mark.parametrize("nth", range(1, 7))
def test_a_drive_begins_when_its_first_level_stands(lab: Laboratory, nth: int) -> None:
    moments: list[Moment] = []
    lab.world.watch(moments.append)
    with lab.open() as chip:
        lab.plant(f'[[fault]]\nat = "a"\ndo = "late"\ndelay = "6 s"\nmessage = "errorqueue.count"\nnth = {nth}\n')
        reading = join(chip.apply(long(0.5, 1.0)))
    begun = next(moment.time for moment in moments if moment.potentials["N"] - moment.potentials["S"] > 0.4)
    assert reading.start == pytest.approx(begun, abs=1e-3)


def right(chip: OpenChip, asked: Drive) -> bool:
    """Whether a drive gives what Ohm and Kirchhoff say."""
    reading = join(chip.apply(asked))
    return reading.steps == asked.steps and not wrong_values(asked, reading, 0, ohmic=True)
