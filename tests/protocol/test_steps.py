import numpy as np
import pytest

from nwlab.core.drive import Drive
from nwlab.core.errors import DriveError
from nwlab.protocol import steps
from nwlab.protocol.kinds import Play


def drives(play: Play) -> list[Drive]:
    return list(play)


def test_a_list_is_one_unbroken_drive() -> None:
    (drive,) = drives(steps.list_(0, 1, [3.14, 3.6], [0.6, 0.6295], [100, 637], 5e-4))
    assert drive.steps == 737
    assert drive.duration == pytest.approx(60 + 637 * 0.6295)
    assert drive.forces[0].levels[99:101].tolist() == [3.14, 3.6]
    assert (drive.forces[0].terminal, drive.forces[0].low, drive.ground) == (0, 1, ())


def test_a_list_with_a_missing_dwell_is_refused() -> None:
    with pytest.raises(DriveError, match="2 levels, 1 dwells"):
        drives(steps.list_(0, 1, [1.0, 2.0], [0.1]))


def test_a_sweep_goes_through_both_polarities_and_ends_at_zero() -> None:
    (drive,) = drives(steps.sweep(0, 1, peak=2.0, step=0.5, dwell=0.1, cycles=2))
    loop = [0, 0.5, 1, 1.5, 2, 1.5, 1, 0.5, 0, -0.5, -1, -1.5, -2, -1.5, -1, -0.5, 0]
    assert drive.forces[0].levels == pytest.approx([*loop, *loop[1:]])
    (half,) = drives(steps.sweep(0, 1, peak=-1.0, step=0.5, dwell=0.1, bipolar=False))
    assert half.forces[0].levels == pytest.approx([0, -0.5, -1, -0.5, 0])


def test_a_long_hold_passes_its_level_on_between_drives() -> None:
    parts = drives(steps.hold(0, 1, level=1.0, duration=120.0, sample=0.001))
    assert [part.steps for part in parts] == [50_000, 50_000, 20_000]
    assert [part.hold for part in parts] == [True, True, False]


def test_pulses_alternate_with_reads() -> None:
    (drive,) = drives(steps.pulses(0, 1, amplitude=3.0, width=0.01, period=0.1, count=3, base=0.05))
    assert drive.forces[0].levels.tolist() == [3.0, 0.05] * 3
    assert drive.dwell == pytest.approx([0.01, 0.09] * 3)
    with pytest.raises(DriveError, match="do not fit"):
        drives(steps.pulses(0, 1, amplitude=3.0, width=0.1, period=0.1, count=3))


def test_a_staircase_holds_each_level() -> None:
    (drive,) = drives(steps.staircase(0, 1, start=1.0, stop=2.0, count=3, duration=0.2, sample=0.1))
    assert drive.forces[0].levels.tolist() == [1.0, 1.0, 1.5, 1.5, 2.0, 2.0]


def test_read_and_rest() -> None:
    (read,) = drives(steps.read(1, 0, count=4, delay=0.02))
    assert np.all(read.forces[0].levels == 0.01)
    assert read.read_delay is not None
    (rest,) = drives(steps.rest(7200.0))
    assert (rest.duration, rest.forces) == (7200.0, ())
