"""Under a forced current a film sets its own voltage, which pulls it back: a twin has to know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from twin.records import LAW, START

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, Expected, Noted
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading, join
from nwlab.model.model_chip import ModelChip
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.twin.companion import Companion
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.gain import GainTwin
from nwlab.twin.held import Held, block_of
from nwlab.twin.port import Port
from nwlab.twin.scalar import ScalarTwin, Twin
from nwlab.twin.watch import Watch
from nwlab.twin.window import Place, Window, samples_of

OFTEN = 1e5
STEADY = np.full(3000, 1e-4)
WAVE = STEADY * (1.0 + 0.3 * np.sin(np.arange(3000) / 5.0))
"""A; at a tenth of a milliampere a film of the published law comes to 28 uS at 3.5 V."""


def forced(levels: FloatArray, dwell: float, part: float, limit: float = 5.0) -> Drive:
    """Force currents (n,) A; readings are integrated over the last `part` of each sample."""
    force = Force(0, Quantity.CURRENT, levels, limit, low=1)
    return Drive(np.full(levels.size, dwell), (force,), read_delay=np.full(levels.size, (1.0 - part) * dwell))


def beside(
    drive: Drive, law: RateBalance, seed: int, twin: Twin | None = None
) -> tuple[dict[str, object], list[str], FloatArray]:
    """Play a drive at a film with a twin beside it: how it explains the readings, what it names, its residuals."""
    chip = ModelChip(TwoTerminalFilm(law, START, seed), ("A", "B"), Limits(5.0, 1e-3), VirtualClock())
    companion = Companion(twin or ScalarTwin(LAW, START), watch=Watch(FilmLaw(LAW), OFTEN))
    told, first = list(companion(DriveStarted(0, drive, ""))), 0
    for reading in chip.apply(drive):
        told += companion(BlockArrived(0, first, reading))
        first += reading.steps
    names = [str(each.content["what"]) for each in told if isinstance(each, Noted) and each.kind == "alarm"]
    residuals = np.concatenate([each.z[:, 0] for each in told if isinstance(each, Expected)])
    return companion.tally.told(), names, residuals


@pytest.mark.parametrize(
    ("levels", "dwell", "part"),
    [(STEADY, 0.6295, 0.9), (STEADY, 2.0, 0.9), (STEADY, 2.0, 0.05), (WAVE, 0.6295, 0.9), (2.0 * WAVE, 0.1, 0.9)],
)
def test_residuals_are_calibrated(levels: FloatArray, dwell: float, part: float) -> None:
    """Also where the film moves by a good part of its noise while it is read, or long before."""
    told, names, _ = beside(forced(levels, dwell, part), LAW, 5)
    assert 0.93 < told["root mean square"] < 1.06  # type: ignore[operator]
    assert len(names) <= 1


def test_a_constant_gain_knows_as_well() -> None:
    calm = replace(LAW, jumps=None)
    told, _, _ = beside(forced(STEADY, 2.0, 0.05), calm, 5, GainTwin(calm, START))
    assert 0.95 < told["root mean square"] < 1.05  # type: ignore[operator]


@pytest.mark.parametrize("levels", [STEADY, WAVE])
def test_it_lags_no_reading_behind(levels: FloatArray) -> None:
    """A pull that is taken too weak leaves residuals of which each goes on in the next."""
    _, _, residuals = beside(forced(levels, 0.6295, 0.9), LAW, 6)
    z = np.clip(residuals[20:], -3.0, 3.0)
    assert abs(float(np.mean(z[1:] * z[:-1]))) < 4.0 / np.sqrt(z.size)


@pytest.mark.parametrize(
    ("name", "changed"),
    [
        ("θ", replace(LAW, kp0=2.0 * LAW.kp0, kd0=2.0 * LAW.kd0)),
        ("mean", replace(LAW, g_max=1.02 * LAW.g_max)),
        ("σ", replace(LAW, noise=1.5 * LAW.noise)),
    ],
)
def test_a_change_is_named_by_its_name(name: str, changed: RateBalance) -> None:
    _, names, _ = beside(forced(STEADY, 0.6295, 0.9), changed, 9)
    assert names[0] == name


def test_what_it_foretells_spreads_as_chips_do() -> None:
    """Pulled back, films keep together: at a voltage that is held they would part further and further."""
    calm, start = replace(LAW, jumps=None), float(LAW.conductance(LAW.attractor(3.522)))
    drive = forced(np.full(5, 1e-4), 1.0, 0.5)
    foretold = Companion(ScalarTwin(calm, start)).foresee(drive)
    films = (TwoTerminalFilm(calm, start, seed) for seed in range(200))
    chips = (ModelChip(film, ("A", "B"), Limits(5.0, 1e-3), VirtualClock()) for film in films)
    voltages = np.array([join(chip.apply(drive)).voltage[:, 0] for chip in chips])
    np.testing.assert_allclose(foretold.sd[:, 0], voltages.std(axis=0), rtol=0.2)
    assert np.abs(foretold.voltage[:, 0] - voltages.mean(axis=0)).max() < 4.0 * foretold.sd.max() / np.sqrt(200)


def drives(drives: list[Drive], law: RateBalance, seed: int, gap: float = 0.0) -> tuple[Companion, FloatArray]:
    """Play drives one after the other, with gaps in s; residuals (samples,) of all."""
    clock = VirtualClock()
    chip = ModelChip(TwoTerminalFilm(law, START, seed), ("A", "B"), Limits(200.0, 0.1), clock)
    companion, found = Companion(ScalarTwin(law, START), watch=Watch(FilmLaw(law), OFTEN)), list[FloatArray]()
    for index, drive in enumerate(drives):
        list(companion(DriveStarted(index, drive, "")))
        first = 0
        for reading in chip.apply(drive):
            told = companion(BlockArrived(index, first, reading))
            found += [each.z[:, 0] for each in told if isinstance(each, Expected)]
            first += reading.steps
        clock.sleep(gap)
    return companion, np.concatenate(found)


CALM = replace(LAW, jumps=None)


@pytest.mark.parametrize(
    ("levels", "dwell", "limit"),
    [
        ([5e-5, 7.5e-5], 0.5, 5.0),
        ([5e-5, 1e-4], 0.5, 20.0),
        ([5e-5, 1e-4], 0.1, 5.0),  # the limit acts until the third sample, and ends in it
        ([2e-4, 5e-6], 0.5, 5.0),
        ([-5e-5, 1e-4], 0.5, 5.0),
    ],
)
def test_no_sample_after_a_step_is_worse_than_another(levels: list[float], dwell: float, limit: float) -> None:
    """A film moves by a good part of itself in the first few; a twin that is misled there names what is not so."""
    steps = forced(np.repeat(np.tile(levels, 60), 25), dwell, 0.9, limit)
    companion, z = drives([steps], CALM, 7)
    spread = np.sqrt(np.mean(np.square(z.reshape(-1, 25)[1:]), axis=0))
    assert spread[:6].max() < 1.35
    assert 0.9 < spread[6:].mean() < 1.1
    assert not companion.tally.alarms


@pytest.mark.parametrize("low", [0.0, -3.6e-9, 5e-6])
def test_pulses_between_which_the_film_forgets_raise_no_alarm(low: float) -> None:
    """Some nanoampere flow where none are asked for, and along a film that has forgotten they are a voltage."""
    companion, z = drives([forced(np.tile([1e-4, low], 400), 0.5, 0.9)], LAW, 3)
    assert companion.tally.residuals >= 400
    assert 0.05 < np.sqrt(np.nanmean(np.square(z))) < 1.25
    assert not companion.tally.alarms


@pytest.mark.parametrize("hold", [True, False])
@pytest.mark.parametrize("gap", [0.0, 5.0])
def test_what_stands_between_drives_counts(hold: bool, gap: float) -> None:
    held = Drive(np.full(1, 0.5), (Force(0, Quantity.VOLTAGE, np.full(1, 3.8), 1e-2, low=1),), hold=hold)
    current = replace(forced(np.full(5, 1e-4), 0.2, 0.9), hold=hold)
    _, z = drives([held, current] * 60, CALM, 4, gap)
    assert 0.85 < np.sqrt(np.nanmean(np.square(z[5:]))) < 1.12


@pytest.mark.parametrize("limit", [1e-4, 6e-5])
def test_a_voltage_whose_current_is_at_its_limit_is_a_forced_current(limit: float) -> None:
    force = Force(0, Quantity.VOLTAGE, np.full(3000, 5.0), limit, low=1)
    told, names, _ = beside(Drive(np.full(3000, 0.63), (force,)), LAW, 2)
    assert 0.95 < told["root mean square"] < 1.05  # type: ignore[operator]
    assert not names


def test_a_current_that_is_forced_at_the_other_terminal_is_forced_through_the_film() -> None:
    levels = np.full(5, 3e-5)
    high, low = Force(0, Quantity.VOLTAGE, np.zeros(5), 1e-3), Force(1, Quantity.CURRENT, levels, 5.0)
    drive = Drive(np.full(5, 0.1), (high, low))
    volts = np.column_stack([np.zeros(5), np.full(5, 3.0)])
    column, no = np.full((5, 2), 0.05), np.zeros((5, 2), np.bool_)
    onset = 0.1 * np.arange(5)
    currents = np.column_stack([-levels, levels])
    reading = Reading(0.0, onset, onset[:, np.newaxis] + column, column, volts, currents, no, no)
    steps = Held(LAW, 1e-5).steps(block_of(drive, 0, reading, Port(0, 1), 1e-3))
    assert steps.pull is not None
    assert steps.pull.current[steps.at] == pytest.approx(levels)
    assert steps.reading == pytest.approx(1e-5, rel=1e-3)


def test_a_reading_that_no_film_can_give_spoils_nothing() -> None:
    """An open contact, a nanosiemens under a nanoampere; afterwards the film is followed as before."""
    told = Companion(ScalarTwin(LAW, START), watch=Watch(FilmLaw(LAW), OFTEN))
    no, onset = np.zeros((5, 1), np.bool_), 0.5 * np.arange(5)
    for index, (current, conductance) in enumerate([(1e-4, 2.8e-5), (1e-9, 1e-9), (1e-3, 1e-3), *[(1e-4, 2.8e-5)] * 9]):
        list(told(DriveStarted(index, forced(np.full(5, current), 0.5, 0.9), "")))
        volts, amperes = np.full((5, 1), current / conductance), np.full((5, 1), current)
        reading = Reading(
            2.5 * index, onset, onset[:, np.newaxis] + 0.275, np.full((5, 1), 0.45), volts, amperes, no, no
        )
        (expected,) = (each for each in told(BlockArrived(index, 0, reading)) if isinstance(each, Expected))
        assert np.isfinite(expected.z).all()
    assert np.abs(expected.z).max() < 3.5


def test_a_window_holds_one_current_as_one() -> None:
    """Voltages differ from sample to sample; the law is the same."""
    chip = ModelChip(TwoTerminalFilm(LAW, START, 4), ("A", "B"), Limits(5.0, 1e-3), VirtualClock())
    drive = forced(np.full(2000, 1e-4), 5e-3, 0.9)
    steps = Held(LAW, START).steps(block_of(drive, 0, join(chip.apply(drive)), Port(0), 1e-3))
    window, film = Window(FilmLaw(LAW)), FilmLaw(LAW)
    for k, (held, rates) in enumerate(zip(*samples_of(steps, film), strict=True)):
        window.add(held, rates, float(steps.reading[k]), Place(0, k))
    kept = window.steps()
    assert kept.pull is not None
    assert kept.piece.sum() + kept.aperture.sum() == pytest.approx(10.0, rel=0.01)
    assert kept.pull.current.reshape(kept.kind.size, -1)[:, -1] == pytest.approx(1e-4, rel=1e-6)
    late = kept.reading.size // 2
    assert (kept.piece > 0).sum(axis=1)[late:].max() <= 2


@pytest.mark.parametrize(("high", "low"), [(1.0, 0.0), (1.0, -1.0), (0.0, 2.0)])
@pytest.mark.parametrize("acts", [0, 1])
def test_a_limit_at_either_end_leaves_the_film_all_that_is_asked_for(high: float, low: float, acts: int) -> None:
    """Two sources hold its ends; whichever is at its limit, the film may have their difference and no more."""
    forces = [Force(end, Quantity.VOLTAGE, np.full(5, volts), 1e-3) for end, volts in enumerate((high, low))]
    forces[acts] = replace(forces[acts], compliance=1e-5)
    drive, onset, column = Drive(np.full(5, 0.1), tuple(forces)), 0.1 * np.arange(5), np.full((5, 2), 0.05)
    volts = np.tile([high, low], (5, 1))
    volts[:, acts] = 0.7 * volts[:, acts] + 0.3 * volts[:, 1 - acts]
    flows, limited = np.tile([1e-5, -1e-5], (5, 1)), np.zeros((5, 2), np.bool_)
    limited[:, acts] = True
    reading = Reading(0.0, onset, onset[:, np.newaxis] + column, column, volts, flows, limited, np.zeros_like(limited))
    pull = Held(LAW, 1e-5).steps(block_of(drive, 0, reading, Port(0, 1), 1e-3)).pull
    assert pull is not None
    assert pull.voltage.reshape(5, 3)[:, 2] == pytest.approx(abs(high - low))
    assert pull.current.reshape(5, 3)[:, 2] == pytest.approx(1e-5)
