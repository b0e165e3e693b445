"""What twins of chips of many terminals say that a drive would give, before anybody plays it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from twin.networks import as_measured, chip, conductances, matrix, played, resistors, voltages
from twin.test_ensemble import METERS as ENSEMBLE_METERS
from twin.test_ensemble import drive as held
from twin.test_ensemble import film, levels
from twin.test_ensemble import twin as ensemble

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError
from nwlab.core.events import BlockArrived, DriveStarted
from nwlab.core.reading import Reading
from nwlab.twin.meters import Meters
from nwlab.twin.network_companion import NetworkCompanion
from nwlab.twin.reduced import ReducedTwin

TRUE = conductances(1)
METERS = Meters(1e-9)
NAMES = tuple(str(number + 1) for number in range(16))
FOUR = ("1", "2", "3", "4")


def reduced(corrects: bool = False, factor: float = 1.0) -> NetworkCompanion:
    twin = ReducedTwin(matrix(factor * TRUE), meters=METERS, corrects=corrects)
    twin.lose()  # a chip has lived since its file was made
    return NetworkCompanion(twin, NAMES, None)


def followed(companion: NetworkCompanion, index: int, drive: Drive, reading: Reading) -> None:
    list(companion(DriveStarted(index, drive, "")))
    list(companion(BlockArrived(index, 0, reading)))


def waves(steps: int, forces: int, seed: int) -> Drive:
    return voltages(np.random.default_rng(seed).uniform(-1, 1, (steps, forces)))


@pytest.mark.parametrize("quantity", list(Quantity))
def test_resistors_read_as_ohm_and_kirchhoff_say(quantity: Quantity) -> None:
    rising = np.linspace(0.1, 1.0, 5) * (1.0 if quantity is Quantity.VOLTAGE else 1e-6)
    forces = Force(2, quantity, rising, 10.0), Force(5, Quantity.CURRENT, np.zeros(5), 10.0)
    drive = Drive(np.full(5, 0.2), forces, ground=(9,), read_delay=np.full(5, 0.05))
    expected, reading = reduced().foresee(drive), played(chip(resistors(TRUE)), drive)
    for name in ("voltage", "current"):
        np.testing.assert_allclose(getattr(expected, name), getattr(reading, name), rtol=1e-9, atol=1e-15)
    for name in ("onset", "time", "aperture"):
        np.testing.assert_allclose(getattr(expected, name), getattr(reading, name), rtol=1e-12)
    assert np.isfinite(expected.sd).all()
    assert (expected.sd > 0).all()


def test_what_was_learned_counts_and_asking_changes_nothing() -> None:
    """The twin begins 10 % off; what it foresees comes to within what it says of itself."""
    source, asked = chip(resistors(TRUE)), waves(4, 16, 9)
    companions = [reduced(corrects=True, factor=1.1) for _ in range(2)]
    before = companions[0].foresee(asked)
    rng = np.random.default_rng(3)
    for index in range(3):
        drive = waves(40, 16, index)
        reading = as_measured(drive, played(source, drive), METERS, rng)
        for companion in companions:
            followed(companion, index, drive, reading)
        companions[1].foresee(asked)
    after, other = (companion.foresee(asked) for companion in companions)
    true = played(source, asked).current
    assert np.abs(before.current - true).max() > 1e-6
    z = (after.current - true) / after.sd
    assert np.sqrt(np.mean(z**2)) < 1.3
    assert np.abs(after.current - true).max() < 1e-2 * np.abs(before.current - true).max()
    np.testing.assert_array_equal(after.current, other.current)
    np.testing.assert_array_equal(after.sd, other.sd)
    assert after.start > 0.12


def test_a_source_at_its_limit_reads_as_that() -> None:
    drive = voltages(np.array([[1e-3, 0.0], [1.0, 0.0]]), terminals=(0, 1))
    tight = replace(drive, forces=tuple(replace(force, compliance=1e-6) for force in drive.forces))
    free, limited = (reduced().foresee(each) for each in (drive, tight))
    assert limited.in_compliance.tolist() == [[False, False], [True, True]]
    np.testing.assert_allclose(np.abs(limited.current[1]), 1e-6)
    np.testing.assert_array_equal(limited.current[0], free.current[0])
    assert np.isnan(limited.sd[1]).all()


def limited_drives() -> dict[str, Drive]:
    """Drives in which a source reaches its limit, and others have to follow."""
    volts, zero = np.array([1e-3, 1.0]), np.zeros(2)
    source = Force(0, Quantity.VOLTAGE, volts, 1e-6)
    meter, ammeter = Force(2, Quantity.CURRENT, zero, 1.0), Force(2, Quantity.VOLTAGE, zero, 1e-3)
    pushed = Force(0, Quantity.CURRENT, np.array([1e-9, 5e-3]), 0.3)
    forces = {
        "alone": (source,),
        "with a voltmeter": (source, meter),
        "with an ammeter": (source, ammeter),
        "current": (pushed, meter),
        "at 0 V": (replace(source, compliance=1.0), replace(ammeter, terminal=1, compliance=1e-7)),
        "one of two": (
            replace(source, levels=2.0 * volts, compliance=2e-6),
            Force(1, Quantity.VOLTAGE, -2.0 * volts, 1e-6),
        ),
        "not the first": (ammeter, source, Force(4, Quantity.CURRENT, zero, 1.0)),
    }
    alone = ("at 0 V", "one of two")
    return {name: Drive(np.full(2, 0.2), each, ground=() if name in alone else (1,)) for name, each in forces.items()}


@pytest.mark.parametrize("name", list(limited_drives()))
def test_what_a_limit_makes_of_a_circuit_is_foreseen(name: str) -> None:
    drive = limited_drives()[name]
    expected, reading = reduced().foresee(drive), played(chip(resistors(TRUE)), drive)
    np.testing.assert_array_equal(expected.in_compliance, reading.in_compliance)
    for quantity in ("voltage", "current"):
        np.testing.assert_allclose(getattr(expected, quantity), getattr(reading, quantity), rtol=1e-7, atol=1e-14)
    np.testing.assert_array_equal(np.isnan(expected.sd), reading.in_compliance)
    assert reading.in_compliance[1].any()


@pytest.mark.parametrize("quantity", list(Quantity))
def test_what_no_chip_could_be_asked_is_refused(quantity: Quantity) -> None:
    ring = Force(0, Quantity.VOLTAGE, np.ones(2), 1e-3, low=1), Force(1, Quantity.VOLTAGE, np.ones(2), 1e-3, low=0)
    with pytest.raises(DriveError, match="ring"):
        reduced().foresee(Drive(np.ones(2), ring))
    with pytest.raises(DriveError, match="16"):
        reduced().foresee(Drive(np.ones(2), (Force(16, quantity, np.ones(2), 1e-3),)))


def test_a_member_without_chance_foresees_what_the_film_does() -> None:
    """Also what a level that stays does until the next drive, and how soon that comes."""
    source = chip(film(noise="0 1/sqrt(s)"))
    companion = NetworkCompanion(ensemble(noise=False, corrects=False), FOUR, None)
    for index in range(3):
        what = held(levels(50, seed=index), hold=index == 1)
        expected, reading = companion.foresee(what), played(source, what)
        for name in ("voltage", "current", "time"):
            np.testing.assert_allclose(getattr(expected, name), getattr(reading, name), rtol=1e-4, atol=1e-12)
        assert expected.start == pytest.approx(reading.start)
        followed(companion, index, what, reading)


def test_an_ensemble_foresees_what_becomes_of_a_network() -> None:
    """The chip is one of the same kind with other chance."""
    source, companion = chip(film()), NetworkCompanion(ensemble(), FOUR, None)
    rng, z = np.random.default_rng(5), list[float]()
    for index in range(8):
        what = held(levels(100, seed=index))
        expected = companion.foresee(what)
        reading = as_measured(what, played(source, what), ENSEMBLE_METERS, rng)
        followed(companion, index, what, reading)
        if index > 3:
            z += ((reading.current[:, 0] - expected.current[:, 0]) / expected.sd[:, 0]).tolist()
            assert np.abs(reading.current[:, 0] / expected.current[:, 0] - 1).max() < 0.05
    assert 0.5 < np.sqrt(np.mean(np.square(z))) < 2.0
