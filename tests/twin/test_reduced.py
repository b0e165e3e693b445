"""The twin of conductances between terminals: Ohm and Kirchhoff to the last digits, and what is learned of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest
from twin.networks import (
    PAIRS,
    TERMINALS,
    as_measured,
    chip,
    conductances,
    followed,
    matrix,
    played,
    resistors,
    voltages,
)

from nwlab.core.chip import Chip
from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, Event, Expected, Noted
from nwlab.core.reading import Reading
from nwlab.model.body import Body
from nwlab.model.laws.fixed import Fixed
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.network_film import NetworkFilm
from nwlab.model.resistor_film import ResistorFilm
from nwlab.twin.meters import Meters
from nwlab.twin.network_companion import NetworkCompanion
from nwlab.twin.passing import Foretold, Samples
from nwlab.twin.reduced import ReducedTwin
from nwlab.twin.reduced_lens import ReducedRig

TRUE = conductances(1)
METERS = Meters(1e-9)


def waves(steps: int, forces: int, seed: int) -> FloatArray:
    return np.random.default_rng(seed).uniform(-1, 1, (steps, forces))


def drives() -> dict[str, Drive]:
    """All ways to force and read."""
    dwell, levels = np.full(40, 1e-3), waves(40, TERMINALS, 2)
    zero = np.zeros(40)
    push = 1e-5 * levels[:, 0]
    source = Force(3, Quantity.VOLTAGE, levels[:, 0], 1.0)
    return {
        "all held": voltages(levels),
        "half held, half read": Drive(
            dwell,
            (*voltages(levels[:, :8]).forces, *(Force(place, Quantity.CURRENT, zero, 10.0) for place in range(8, 16))),
        ),
        "one held, one grounded, the others floating": Drive(dwell, (source,), ground=(7,)),
        "ammeter": Drive(dwell, (source, Force(9, Quantity.VOLTAGE, zero, 1.0))),
        "current with sense": Drive(dwell, (Force(0, Quantity.CURRENT, push, 10.0, low=8, sense=(4, 12)),)),
        "current and voltage": Drive(dwell, (Force(0, Quantity.CURRENT, push, 10.0), source), ground=(5,)),
        "floating source": Drive(dwell, (replace(source, low=11), Force(1, Quantity.CURRENT, zero, 10.0, low=2))),
    }


@pytest.mark.parametrize("name", drives())
def test_the_mean_is_the_solution_of_ohm_and_kirchhoff(name: str) -> None:
    drive = drives()[name]
    reading = played(chip(resistors(TRUE)), drive)
    found = followed(ReducedTwin(matrix(TRUE), meters=METERS, corrects=False), drive, reading)
    for place, force in enumerate(drive.forces):
        wanted = reading.current[:, place] if force.quantity is Quantity.VOLTAGE else reading.voltage[:, place]
        assert found.mean[:, place] == pytest.approx(wanted, rel=1e-9, abs=1e-9 * np.abs(wanted).max())


@pytest.mark.parametrize("name", drives())
def test_meter_noise_is_all_that_remains_of_a_known_chip(name: str) -> None:
    drive = drives()[name]
    reading, rng, z = played(chip(resistors(TRUE)), drive), np.random.default_rng(3), []
    for _ in range(100):
        twin = ReducedTwin(matrix(TRUE), meters=METERS, corrects=False)
        z.append(followed(twin, drive, as_measured(drive, reading, METERS, rng)).z.ravel())
    assert kstest(np.concatenate(z), "norm").statistic < 0.025


@pytest.mark.parametrize("forces", [TERMINALS, 4])
def test_unknown_conductances_are_learned_while_residuals_stay_calibrated(forces: int) -> None:
    """What was 20 % wrong is foretold to the meter's noise; four forces leave the other twelve terminals floating."""
    rng = np.random.default_rng(4)
    drive = voltages(waves(3000, forces, 5))
    reading = as_measured(drive, played(chip(resistors(TRUE)), drive), METERS, rng)
    told = TRUE * np.exp(0.2 * rng.standard_normal(TRUE.size))
    twin, blind = (ReducedTwin(matrix(told), meters=METERS, drift=0.0, corrects=each) for each in (True, False))
    twin.lose()
    found, other = followed(twin, drive, reading, 7), followed(blind, drive, reading)
    late = slice(1000, None)
    assert np.std(found.z[late]) == pytest.approx(1.0, abs=0.03)
    assert kstest(found.z[late].ravel(), "norm").statistic < 0.02
    assert np.std((reading.current - found.mean)[late]) < 0.02 * np.std((reading.current - other.mean)[late])
    if forces == TERMINALS:
        values, sd = twin.conductances()
        assert np.std((values - TRUE) / sd) == pytest.approx(1.0, abs=0.25)


CYCLE = 0.02
"""s, of the power line: readings over less are noisy."""
SMALL = 8  # terminals of a chip that is quickly scanned
SMALL_PAIRS = np.triu_indices(SMALL, 1)
FEW = TRUE[PAIRS[1] < SMALL]


def small_matrix(values: FloatArray) -> FloatArray:
    whole = np.zeros(TRUE.size)
    whole[PAIRS[1] < SMALL] = values
    return matrix(whole)[:SMALL, :SMALL]


def small_chip(values: FloatArray) -> Chip:
    pairs = zip(*SMALL_PAIRS, values, strict=True)
    return chip(ResistorFilm(SMALL, [(int(one), int(two), 1.0 / value) for one, two, value in pairs]))


def scan(rounds: int, rng: np.random.Generator) -> list[Drive]:
    """One pair of terminals after the other, all others floating."""
    pairs = [(int(one), int(two)) for _ in range(rounds) for one, two in zip(*SMALL_PAIRS, strict=True)]
    return [
        Drive(np.full(5, CYCLE), (Force(one, Quantity.VOLTAGE, rng.uniform(-1, 1, 5), 1e-2),), ground=(two,))
        for one, two in pairs
    ]


def random_wirings(count: int, rng: np.random.Generator) -> list[Drive]:
    """A source, a ground, and up to three voltmeters or further sources."""
    drives: list[Drive] = []
    for _ in range(count):
        place, levels = rng.permutation(SMALL).tolist(), rng.uniform(-1, 1, (4, 5))
        forces = [Force(place[0], Quantity.VOLTAGE, levels[0], 1e-2)]
        for k in range(1, int(rng.integers(1, 5))):
            meter = Force(place[k], Quantity.CURRENT, np.zeros(5), 10.0)
            forces.append(meter if rng.random() < 0.5 else Force(place[k], Quantity.VOLTAGE, levels[k], 1e-2))
        drives.append(Drive(np.full(5, CYCLE), tuple(forces), ground=(place[-1],)))
    return drives


@pytest.mark.parametrize(
    ("meters", "drift"), [(Meters(), 1e-4), (METERS, 0.0)], ids=["meters of a range", "meters of a fit"]
)
@pytest.mark.parametrize("wirings", ["scan", "random"])
def test_a_chip_is_learned_wiring_by_wiring_while_residuals_stay_calibrated(
    wirings: str, meters: Meters, drift: float
) -> None:
    """The file is 20 % wrong; what most wirings show is bent by what they leave open.

    Errors of conductances that one wiring shows go together, so that one chip tells little of how large they are.
    """
    off: list[FloatArray] = []
    for seed in (21, 22, 23):
        rng = np.random.default_rng(seed)
        told = FEW * np.exp(0.2 * rng.standard_normal(FEW.size))
        twin, on, z = ReducedTwin(small_matrix(told), meters=meters, drift=drift), small_chip(FEW), list[FloatArray]()
        twin.lose()
        for drive in scan(2, rng) if wirings == "scan" else random_wirings(50, rng):
            z.append(followed(twin, drive, as_measured(drive, played(on, drive), meters, rng)).z.ravel())
        half = len(z) // 2
        for part in (z[:half], z[half:]):
            assert 0.7 < np.sqrt(np.mean(np.square(np.concatenate(part)))) < 1.3
        values, sd = twin.conductances()
        assert np.std(values - FEW) < 0.1 * np.std(told - FEW)
        off.append((values - FEW) / sd)
    assert 0.5 < np.sqrt(np.mean(np.square(off))) < 1.5


def test_a_chip_that_is_another_one_is_learned_anew() -> None:
    """Once what wirings show does not fit together any more, what was known no longer counts."""
    rng = np.random.default_rng(22)
    twin, z = ReducedTwin(small_matrix(FEW), meters=METERS, drift=0.0), list[FloatArray]()
    twin.lose()
    changed = FEW.copy()
    changed[:3] *= 1.5
    for values, rounds in ((FEW, 1), (changed, 3)):
        on = small_chip(values)
        for drive in scan(rounds, rng):
            z.append(followed(twin, drive, as_measured(drive, played(on, drive), METERS, rng)).z.ravel())
    count = FEW.size
    assert np.abs(np.concatenate(z[count : 2 * count])).max() > 100
    assert 0.7 < np.sqrt(np.mean(np.square(np.concatenate(z[-count:])))) < 1.3
    values, _ = twin.conductances()
    assert np.abs(np.log(values / changed)).max() < 0.05


def test_conductances_that_creep_are_followed() -> None:
    rng, steps, drift = np.random.default_rng(6), 1500, 3e-3
    drive = voltages(waves(steps, TERMINALS, 7), dwell=0.05)
    walked = TRUE * np.exp(np.cumsum(drift * np.sqrt(0.05) * rng.standard_normal((steps, TRUE.size)), axis=0))
    levels = np.stack([force.levels for force in drive.forces], axis=1)
    drops = levels[:, PAIRS[0]] - levels[:, PAIRS[1]]
    current = np.zeros((steps, TERMINALS))
    np.add.at(current.T, PAIRS[0], (walked * drops).T)
    np.add.at(current.T, PAIRS[1], -(walked * drops).T)
    reading = as_measured(drive, replace(played(chip(resistors(TRUE)), drive), current=current), METERS, rng)
    twin, blind = (ReducedTwin(matrix(TRUE), meters=METERS, drift=drift, corrects=each) for each in (True, False))
    twin.lose()
    found, other = followed(twin, drive, reading), followed(blind, drive, reading)
    late = slice(300, None)
    assert np.std(found.z[late]) == pytest.approx(1.0, abs=0.05)
    assert np.std((current - found.mean)[late]) < 0.4 * np.std((current - other.mean)[late])


def test_capacitors_behind_contacts_charge_as_in_the_film() -> None:
    """Contacts of up to 1 GOhm charge 500 pF: time constants of up to half a second, read in the middle of it all."""
    ohms = np.array([0.0, 0.0, 1e6, 1e8, 3e8, 1e9])
    pairs = np.array([(one, two) for one in range(6) for two in range(one)], dtype=np.int32)
    none = np.zeros((0, 2), dtype=np.int32)
    body = Body(6, 6, pairs, none, np.zeros(0), ohms)
    law = JunctionLaw.uniform(Fixed(1e-5), len(pairs))
    capacitance = np.array([0.0, 5e-10, 5e-10, 5e-10, 5e-10, 5e-10])
    film = NetworkFilm(body, law, 10.0 ** np.random.default_rng(8).uniform(-6, -4, len(pairs)), capacitance)
    zero = np.zeros(60)
    forces = (
        Force(0, Quantity.VOLTAGE, waves(60, 1, 9)[:, 0], 1.0, low=1),
        *(Force(place, Quantity.CURRENT, zero, 10.0) for place in range(2, 6)),
    )
    drive = Drive(np.full(60, 0.1), forces, ground=(1,), read_delay=np.full(60, 0.02))
    twin = ReducedTwin(film.matrix(), capacitance, METERS, corrects=False)
    reading = played(chip(film), drive)
    found = followed(twin, drive, reading)
    assert np.abs(found.mean[:, 1:] - reading.voltage[:, 1:]).max() < 2e-3
    assert found.mean[:, 0] == pytest.approx(reading.current[:, 0], rel=1e-3, abs=1e-8)
    settled = followed(ReducedTwin(film.matrix(), 0.0, METERS, corrects=False), drive, reading)
    assert np.abs(settled.mean[:, 1:] - reading.voltage[:, 1:]).max() > 0.3


def test_limits_and_overflows_are_not_explained() -> None:
    drive = voltages(waves(10, 4, 10))
    reading = played(chip(resistors(TRUE)), drive)
    limited, overflow = np.zeros((2, 10, 4), dtype=np.bool_)
    limited[3, 1], overflow[5, 2] = True, True
    voltage, current = reading.voltage.copy(), reading.current.copy()
    current[5, 2] = np.nan
    held = voltage[3, 1] * 0.5
    voltage[3, 1] = held
    found = followed(
        ReducedTwin(matrix(TRUE), meters=METERS, corrects=False),
        drive,
        replace(reading, voltage=voltage, current=current, in_compliance=limited, overflow=overflow),
    )
    assert np.argwhere(np.isnan(found.mean)).tolist() == [[3, 1]]
    assert np.argwhere(np.isnan(found.z)).tolist() == [[3, 1], [5, 2]]
    # What the limit left is what the other terminals saw.
    forces = tuple(
        replace(force, levels=np.array([held if place == 1 else force.levels[3]]))
        for place, force in enumerate(drive.forces)
    )
    alone = played(chip(resistors(TRUE)), Drive(np.array([1e-3]), forces))
    assert np.delete(found.mean[3], 1) == pytest.approx(np.delete(alone.current[0], 1), rel=1e-9)


def told_by(companion: NetworkCompanion, drive: Drive, reading: Reading) -> list[Event]:
    events = (DriveStarted(0, drive, ""), BlockArrived(0, 0, reading))
    return [told for event in events for told in companion(event)]


def test_a_resistor_that_changes_raises_the_alarm_where_it_is_seen() -> None:
    drive = voltages(waves(4000, 4, 11))
    changed = TRUE.copy()
    changed[(PAIRS[0] == 0) & (PAIRS[1] == 1)] *= 1.02
    before, after = (played(chip(resistors(values)), drive) for values in (TRUE, changed))
    late = np.arange(4000)[:, np.newaxis] >= 2000
    current = np.where(late, after.current, before.current)
    rng = np.random.default_rng(12)
    reading = as_measured(drive, replace(before, current=current), METERS, rng)
    twin = ReducedTwin(matrix(TRUE), meters=METERS, drift=0.0)
    twin.lose()
    told = told_by(NetworkCompanion(twin, tuple("abcdefghijklmnop"), 1e4), drive, reading)
    alarms = [event.content for event in told if isinstance(event, Noted) and event.kind == "alarm"]
    assert alarms
    assert alarms[0]["step"] in range(2000, 2100)
    assert alarms[0]["terminal"] in ("a", "b")
    assert sum(event.mean.shape[0] for event in told if isinstance(event, Expected)) == 4000


def test_readings_without_noise_are_followed() -> None:
    """Currents between terminals that are all held add up to nothing: one of them tells nothing new."""
    twin = ReducedTwin(small_matrix(1.2 * FEW), meters=Meters(0.0), drift=0.0)
    twin.lose()
    on = small_chip(FEW)
    for drive in (voltages(waves(50, SMALL, 15)), *scan(1, np.random.default_rng(16))):
        assert np.isfinite(followed(twin, drive, played(on, drive)).z).all()
    assert twin.conductances()[0] == pytest.approx(FEW, rel=1e-4)


class _Stumbles(ReducedTwin):
    """Has no solution for its first block."""

    stumbled = False

    def follow(self, rig: ReducedRig, samples: Samples) -> Foretold:
        found = super().follow(rig, samples)
        if self.stumbled:
            return found
        self.stumbled = True
        raise np.linalg.LinAlgError("Singular matrix")


def test_a_block_without_a_solution_costs_the_twin_what_it_knows_and_no_more() -> None:
    drive = voltages(waves(5, SMALL, 15))
    twin = _Stumbles(small_matrix(FEW), meters=METERS)
    on, companion = small_chip(FEW), NetworkCompanion(twin, tuple("abcdefgh"), None)
    told = told_by(companion, drive, played(on, drive))
    notes = [event for event in told if isinstance(event, Noted)]
    assert [note.kind for note in notes] == ["twin skipped"]
    assert "begins anew" in str(notes[0].content["because"])
    assert (twin.conductances()[1] > 0.2 * FEW).all()
    after = told_by(companion, drive, played(on, drive))
    assert [type(event) for event in after] == [Expected]


def test_an_alarm_of_a_voltmeter_speaks_of_the_voltage_at_its_terminal_and_its_time() -> None:
    steps, zero = 200, np.zeros(200)
    forces = (Force(0, Quantity.VOLTAGE, np.ones(steps), 1e-2), Force(3, Quantity.CURRENT, zero, 1.0))
    drive = Drive(np.full(steps, 1e-3), forces, ground=(7,))
    twin = ReducedTwin(small_matrix(FEW), meters=METERS, corrects=False)
    companion = NetworkCompanion(twin, tuple("abcdefgh"), 1e4)
    reading = played(small_chip(FEW), drive)
    voltage = reading.voltage.copy()
    voltage[100:, 1] += 0.01
    told = told_by(companion, drive, replace(reading, voltage=voltage))
    alarms = [event.content for event in told if isinstance(event, Noted) and event.kind == "alarm"]
    alarm = next(each for each in alarms if each["kind"] == "above")
    assert alarm["text"] == "at terminal d the voltage is higher than its model expects"
    assert alarm["time"] == pytest.approx(reading.start + reading.time[alarm["step"], 1])  # type: ignore[index]


def test_what_was_left_standing_ends_where_a_run_was_broken_off() -> None:
    """1 GOhm and 1 nF: a second after the level, nothing of it would be left at rest, all of it while it is held."""
    pair, capacitance = np.array([[1e-9, -1e-9], [-1e-9, 1e-9]]), np.array([0.0, 1e-9])
    meter = Force(1, Quantity.CURRENT, np.zeros(1), 10.0)
    held = Drive(np.array([20.0]), (Force(0, Quantity.VOLTAGE, np.ones(1), 1.0), meter), hold=True)
    rest = Drive(np.array([1e-3]), (Force(0, Quantity.VOLTAGE, np.zeros(1), 1.0), meter))

    def block(drive: Drive, start: float) -> Reading:
        dwell, none = np.broadcast_to(drive.dwell, (1, 2)), np.zeros((1, 2), dtype=np.bool_)
        level = np.array([[drive.forces[0].levels[0], np.nan]])
        return Reading(start, np.zeros(1), 0.5 * dwell, dwell, level, np.zeros((1, 2)), none, none)

    found = dict[bool, float]()
    for is_resumed in (False, True):
        companion = NetworkCompanion(ReducedTwin(pair, capacitance, METERS, corrects=False), ("a", "b"), None)
        told_by(companion, held, block(held, 0.0))
        if is_resumed:
            assert not list(companion(Noted("resumed", {})))
        (expected,) = told_by(companion, rest, block(rest, 3600.0))
        assert isinstance(expected, Expected)
        found[is_resumed] = float(expected.mean[0, 1])
    assert found[False] == pytest.approx(1.0, abs=0.01)
    assert found[True] == pytest.approx(0.0, abs=0.01)


@pytest.mark.slow
def test_false_alarms_of_all_forces_together_are_as_rare_as_promised() -> None:
    """One in 500 steps from four forces."""
    drive = voltages(waves(20_000, 4, 13))
    reading = as_measured(drive, played(chip(resistors(TRUE)), drive), METERS, np.random.default_rng(14))
    twin = ReducedTwin(matrix(TRUE), meters=METERS, drift=0.0)
    twin.lose()
    told = told_by(NetworkCompanion(twin, tuple("abcdefghijklmnop"), 500.0), drive, reading)
    alarms = {
        (event.content["step"], event.content["terminal"])
        for event in told
        if isinstance(event, Noted) and event.kind == "alarm"
    }
    assert 0.5 < len(alarms) / (20_000 / 500) < 1.4
