"""What every Chip must do, whatever stands behind it.

Subclass `ChipContract` and give it a fixture `chip`: an open chip of two terminals with 10 kOhm between them, limits of
5 V and 1 mA, and one source at least. `tolerance` is the relative error that its readings may have.
"""

from __future__ import annotations

import numpy as np
import pytest

from nwlab.core.chip import Chip
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError
from nwlab.core.reading import Reading, join

OHM = 10e3


def volts(*levels: float, compliance: float = 5e-4, source: int = 0, low: int | None = 1) -> Force:
    return Force(source, Quantity.VOLTAGE, np.array(levels), compliance, low=low)


def amps(*levels: float, compliance: float = 5.0) -> Force:
    return Force(0, Quantity.CURRENT, np.array(levels), compliance, low=1)


def drive(force: Force, dwell: float = 0.05, **more: object) -> Drive:
    return Drive(np.full(force.levels.size, dwell), (force,), **more)  # type: ignore[arg-type]


def play(chip: Chip, played: Drive) -> Reading:
    return join(list(chip.apply(played)))


class ChipContract:
    """Tests that a chip of 10 kOhm passes on a model, a virtual bench and a real one."""

    tolerance = 1e-9
    offset = 0.0  # A that a reading may be off beside the tolerance

    @pytest.fixture
    def chip(self) -> Chip:
        raise NotImplementedError("give the contract a chip")

    def near(self, wanted: object) -> object:
        return pytest.approx(wanted, rel=self.tolerance, abs=self.offset)

    def test_it_says_what_it_is(self, chip: Chip) -> None:
        assert chip.terminals == ("A", "B")
        assert (chip.limits.voltage, chip.limits.current) == (5.0, 1e-3)

    def test_ohms_law_in_both_directions(self, chip: Chip) -> None:
        levels = np.array([0.2, 1.0, -1.0, 0.05])
        reading = play(chip, drive(volts(*levels)))
        assert reading.voltage[:, 0] == pytest.approx(levels, rel=self.tolerance, abs=self.offset * OHM)
        assert reading.current[:, 0] == self.near(levels / OHM)
        assert not reading.in_compliance.any()
        assert not reading.overflow.any()

    def test_current_is_positive_into_the_chip_at_the_forced_terminal(self, chip: Chip) -> None:
        assert play(chip, drive(volts(1.0, source=1, low=0))).current[0, 0] > 0

    def test_a_forced_current_reads_the_voltage(self, chip: Chip) -> None:
        reading = play(chip, drive(amps(1e-4, -5e-5)))
        assert reading.voltage[:, 0] == pytest.approx([1.0, -0.5], rel=self.tolerance, abs=self.offset * OHM)
        assert reading.current[:, 0] == self.near([1e-4, -5e-5])

    def test_common_serves_as_the_other_side(self, chip: Chip) -> None:
        reading = play(chip, drive(volts(0.5, low=None), ground=(1,)))
        assert reading.current[0, 0] == self.near(5e-5)

    def test_an_open_chip_carries_no_current(self, chip: Chip) -> None:
        reading = play(chip, drive(volts(1.0, low=None)))
        assert abs(reading.current[0, 0]) < 1e-9 + self.offset

    def test_compliance_limits_and_is_flagged(self, chip: Chip) -> None:
        reading = play(chip, drive(volts(0.2, 1.0, -1.0, compliance=5e-5)))
        assert reading.in_compliance[:, 0].tolist() == [False, True, True]
        assert reading.current[:, 0] == self.near([2e-5, 5e-5, -5e-5])
        assert reading.voltage[1:, 0] == pytest.approx(
            [0.5, -0.5], rel=max(self.tolerance, 1e-9), abs=self.offset * OHM
        )

    def test_a_forced_current_stops_at_its_voltage_limit(self, chip: Chip) -> None:
        reading = play(chip, drive(amps(1e-4, 5e-4, compliance=2.0)))
        assert reading.in_compliance[:, 0].tolist() == [False, True]
        assert reading.voltage[1, 0] == pytest.approx(2.0, rel=self.tolerance, abs=self.offset * OHM)

    def test_blocks_have_one_row_per_step_in_order(self, chip: Chip) -> None:
        blocks = list(chip.apply(drive(volts(*np.linspace(0.1, 1.0, 30)))))
        whole = join(blocks)
        assert whole.steps == 30
        for array in (whole.time, whole.aperture, whole.voltage, whole.current, whole.in_compliance, whole.overflow):
            assert array.shape == (30, 1)
        assert len({block.start for block in blocks if block.steps}) == 1
        assert np.all(np.diff(whole.current[:, 0]) > 0)

    def test_samples_lie_inside_their_dwells(self, chip: Chip) -> None:
        dwell = np.array([0.02, 0.05, 0.03, 0.2])
        reading = play(chip, Drive(dwell, (volts(0.1, 0.2, 0.3, 0.4),)))
        assert reading.onset == pytest.approx(np.cumsum(dwell) - dwell, abs=1e-5)
        begin, end = (reading.time + side * reading.aperture / 2 for side in (-1, 1))
        assert np.all(begin[:, 0] >= reading.onset - 1e-5)
        assert np.all(end[:, 0] <= reading.onset + dwell + 1e-5)
        assert np.all(reading.aperture > 0)

    def test_the_read_delay_is_kept(self, chip: Chip) -> None:
        delay = np.array([0.01, 0.02])
        reading = play(chip, Drive(np.full(2, 0.05), (volts(0.1, 0.2),), read_delay=delay))
        begin = reading.time[:, 0] - reading.aperture[:, 0] / 2
        assert begin - reading.onset == pytest.approx(delay, abs=2e-4)

    def test_time_passes_on_the_chips_own_clock(self, chip: Chip) -> None:
        before = chip.clock.now()
        reading = play(chip, drive(volts(0.1, 0.1), dwell=0.3))
        after = chip.clock.now()
        assert before <= reading.start <= after
        assert after - reading.start >= 0.6 - 1e-5

    def test_waiting_is_a_drive_without_forces(self, chip: Chip) -> None:
        reading = play(chip, Drive(np.array([0.5, 0.5])))
        assert reading.voltage.shape == (2, 0)
        assert chip.clock.now() - reading.start >= 1.0 - 1e-5

    def test_a_held_level_goes_on_into_the_next_drive(self, chip: Chip) -> None:
        play(chip, drive(volts(1.0), hold=True))
        assert play(chip, drive(volts(1.0))).current[0, 0] == self.near(1e-4)

    def test_an_aborted_drive_leaves_a_chip_that_works(self, chip: Chip) -> None:
        blocks = chip.apply(drive(volts(*[1.0] * 200), dwell=0.05))
        next(blocks)
        blocks.close()  # type: ignore[attr-defined]
        assert play(chip, drive(volts(0.2))).current[0, 0] == self.near(2e-5)

    @pytest.mark.parametrize(
        ("wrong", "complaint"),
        [
            (drive(volts(5.5)), "5.5 V exceeds the limit of 5 V"),
            (drive(volts(1.0, compliance=2e-3)), "2 mA exceeds the limit of 1 mA"),
            (drive(amps(2e-3)), "2 mA exceeds the limit of 1 mA"),
            (drive(volts(1.0, source=7)), "terminal index 7 does not exist; the chip has A, B"),
        ],
    )
    def test_it_refuses_before_it_touches(self, chip: Chip, wrong: Drive, complaint: str) -> None:
        lasted: list[float] = []
        for _ in range(5):  # the quickest counts: a chip in real time shares its computer
            before = chip.clock.now()
            with pytest.raises(DriveError, match=complaint):
                chip.apply(wrong)
            lasted.append(chip.clock.now() - before)
        assert min(lasted) < 0.05
        assert play(chip, drive(volts(0.2))).current[0, 0] == self.near(2e-5)

    def test_a_closed_chip_stays_closed(self, chip: Chip) -> None:
        chip.close()
        chip.close()
        with pytest.raises(DriveError, match="closed"):
            chip.apply(drive(volts(0.2)))
