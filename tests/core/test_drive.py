import numpy as np
import pytest

from nwlab.core.chip import CheckedChip, check
from nwlab.core.clock import PacedClock, SystemClock, VirtualClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading, join

TERMINALS = ("A", "B", "C")


def force(terminal: int = 0, level: float = 1.0, compliance: float = 1e-4, **more: object) -> Force:
    return Force(terminal, Quantity.VOLTAGE, np.full(2, level), compliance, **more)  # type: ignore[arg-type]


def drive(*forces: Force, ground: tuple[int, ...] = ()) -> Drive:
    return Drive(dwell=np.full(2, 0.1), forces=forces, ground=ground)


@pytest.mark.parametrize(
    ("make", "complaint"),
    [
        (lambda: Drive(np.empty(0)), "at least one step"),
        (lambda: Drive(np.array([0.1, 0.0])), "longer than 0 s"),
        (lambda: Drive(np.array([0.1, np.nan])), "finite"),
        (lambda: Drive(np.array([0.1]), (force(),)), "2 levels, but the drive has 1 dwells"),
        (lambda: drive(force(), force()), "forced twice"),
        (lambda: drive(force(), ground=(0,)), "forced and grounded"),
        (lambda: Drive(np.full(2, 0.1), (force(),), read_delay=np.full(2, 0.1)), "shorter than its dwell"),
        (lambda: force(compliance=0.0), "compliance must be a positive number"),
        (lambda: force(low=0), "both HI and LO"),
        (lambda: force(sense=(1, 2)), "only with a forced current"),
    ],
)
def test_a_drive_that_no_chip_can_play_cannot_be_made(make: object, complaint: str) -> None:
    with pytest.raises(DriveError, match=complaint):
        make()  # type: ignore[operator]


def test_a_drive_cannot_be_changed_afterwards() -> None:
    levels = np.ones(2)
    played = Drive(np.full(2, 0.1), (Force(0, Quantity.VOLTAGE, levels, 1e-4),))
    levels[0] = 9.0
    assert played.forces[0].levels[0] == 1.0
    with pytest.raises(ValueError, match="read-only"):
        played.forces[0].levels[0] = 9.0


@pytest.mark.parametrize(
    ("played", "complaint"),
    [
        (drive(force(level=5.1)), r"terminal A: a level of 5.1 V exceeds the limit of 5 V"),
        (drive(force(compliance=2e-3)), r"terminal A: a compliance of 2 mA exceeds the limit of 1 mA"),
        (drive(force(0, 3.0), force(1, -3.0)), r"terminals A, B: up to 6 V would stand between them"),
        (drive(force(7)), "terminal index 7 does not exist; the chip has A, B, C"),
        (drive(force(), ground=(5,)), "terminal index 5"),
    ],
)
def test_limits_are_checked_on_the_whole_drive(played: Drive, complaint: str) -> None:
    with pytest.raises(DriveError, match=complaint):
        check(played, Limits(), TERMINALS)


def test_the_lower_limit_holds() -> None:
    assert Limits(5.0, 1e-4).lower(Limits(3.0, 1e-3)) == Limits(3.0, 1e-4)


class Recorder:
    """A chip of a lab: it counts what it is asked."""

    terminals, limits, clock = TERMINALS, Limits(), VirtualClock()

    def __init__(self) -> None:
        self.played, self.closed = 0, 0

    def apply(self, _drive: Drive):  # type: ignore[no-untyped-def]
        self.played += 1
        return iter(())

    def close(self) -> None:
        self.closed += 1


def test_the_gate_lets_nothing_wrong_through_and_closes_once() -> None:
    chip = Recorder()
    with CheckedChip(chip) as gate:
        with pytest.raises(DriveError):
            gate.apply(drive(force(level=50.0)))
        assert chip.played == 0
        gate.apply(drive(force()))
        gate.close()
    assert (chip.played, chip.closed) == (1, 1)
    with pytest.raises(DriveError, match="closed"):
        gate.apply(drive(force()))


def block(count: int, start: float = 2.0) -> Reading:
    flags = np.zeros((count, 1), dtype=np.bool_)
    ones = np.ones((count, 1))
    return Reading(start, np.arange(count) * 0.1, ones, ones, 2 * ones, 3 * ones, flags, flags)


def test_blocks_join_in_order() -> None:
    whole = join([block(2), block(3)])
    assert (whole.steps, whole.start) == (5, 2.0)
    assert whole.conductance == pytest.approx(np.full((5, 1), 1.5))
    with pytest.raises(ValueError, match="at least one block"):
        join([])


def test_conductance_where_nothing_is_forced_is_no_number() -> None:
    one = block(1)
    open_end = Reading(0.0, one.onset, one.time, one.aperture, 0 * one.voltage, one.current, one.overflow, one.overflow)
    assert np.isnan(open_end.conductance).all()


def test_clocks() -> None:
    virtual = VirtualClock()
    virtual.sleep(7200.0)
    virtual.sleep(-1.0)
    assert virtual.now() == 7200.0
    fast = SystemClock(speed=1000.0)
    fast.sleep(5.0)
    assert fast.now() >= 5.0


def test_a_clock_that_is_held_back_jumps_no_faster_than_it_may() -> None:
    real, paced = SystemClock(), PacedClock(100.0)
    for _ in range(20):
        paced.sleep(1.0)
    assert paced.now() == 20.0
    assert real.now() >= 0.2
    real.sleep(1.0)  # whatever it waited for took long: that much is not made good
    begun = real.now()
    paced.sleep(100.0)
    assert paced.now() == 120.0
    assert real.now() - begun >= 0.45


def test_what_getting_ready_took_is_not_made_good_for() -> None:
    real, paced = SystemClock(), PacedClock(10.0)
    real.sleep(0.3)
    begun = real.now()
    paced.begin()
    paced.sleep(1.0)
    assert real.now() - begun >= 0.1
    real.sleep(0.5)
    begun = real.now()
    paced.begin()
    paced.sleep(4.0)
    assert real.now() - begun < 0.4, "what is late later is made good for, whatever begins then"
