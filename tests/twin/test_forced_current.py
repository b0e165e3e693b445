"""Under a forced current a film sets its own voltage, which pulls it back: a twin has to know."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from twin.records import LAW, START

from nwlab.analysis.rate_balance.pieces import Pull
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


def test_the_straight_line_runs_with_the_law() -> None:
    """Over a relaxation of a tenth of its conductance a film goes as the line says, to a thousandth of the way."""
    current, dwell = 1e-4, 0.3
    start = 0.9 * float(LAW.conductance(LAW.attractor(3.52)))

    def speed(_: float, conductance: FloatArray) -> FloatArray:
        volts = current / conductance
        return LAW.rate(volts) * (LAW.conductance(LAW.attractor(volts)) - conductance)

    way = solve_ivp(speed, (0.0, dwell), [start], rtol=1e-10, atol=1e-16, dense_output=True)
    end, middle = float(way.y[0, -1]), float(way.sol(0.5 * dwell)[0])
    pull = Pull(np.array([current]), np.array([end - start]))
    world = FilmLaw(LAW).world(np.array([current / middle]), pull=pull)
    line = float(world.goal[0] + (start - world.goal[0]) * np.exp(-world.rate[0] * dwell))
    assert end - start > 0.01 * start
    assert line == pytest.approx(end, abs=1e-3 * (end - start))
    assert world.rate[0] > 5.0 * float(LAW.rate(3.52))


def test_pulses_between_which_the_film_forgets_are_followed_without_alarm() -> None:
    """At their onset the limit acts, and a twin that knows less of what came of it says so."""
    levels, dwell = np.tile([1e-4, 0.0], 500), np.tile([2.0, 0.5], 500)
    drive = Drive(dwell, (Force(0, Quantity.CURRENT, levels, 5.0, low=1),), read_delay=0.1 * dwell)
    told, names, _ = beside(drive, LAW, 3)
    assert told["residuals"] == 500
    assert told["root mean square"] < 1.0  # type: ignore[operator]
    assert not names


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


def test_in_compliance_the_voltage_is_what_is_held() -> None:
    """Some six volts would be needed at first, and five are allowed; in one sample the limit ends."""
    drive = forced(np.full(40, 2e-4), 0.2, 0.9, limit=5.0)
    chip = ModelChip(TwoTerminalFilm(replace(LAW, noise=0.0, jumps=None), START), ("A", "B"), Limits(), VirtualClock())
    reading = join(chip.apply(drive))
    limited = reading.in_compliance[:, 0] & (reading.voltage[:, 0] > 4.995)
    assert 0 < np.count_nonzero(limited) < np.count_nonzero(reading.in_compliance) < 40
    pull = Held().steps(block_of(drive, 0, reading, Port(0), 1e-3)).pull
    assert pull is not None
    assert ((pull.current.reshape(40, 3)[:, 2] == 0.0) == limited).all()


def test_a_current_that_is_forced_at_the_other_terminal_is_forced_through_the_film() -> None:
    levels = np.full(5, 3e-5)
    high, low = Force(0, Quantity.VOLTAGE, np.zeros(5), 1e-3), Force(1, Quantity.CURRENT, levels, 5.0)
    drive = Drive(np.full(5, 0.1), (high, low))
    volts = np.column_stack([np.zeros(5), np.full(5, 3.0)])
    column, no = np.full((5, 2), 0.05), np.zeros((5, 2), np.bool_)
    onset = 0.1 * np.arange(5)
    currents = np.column_stack([-levels, levels])
    reading = Reading(0.0, onset, onset[:, np.newaxis] + column, column, volts, currents, no, no)
    steps = Held().steps(block_of(drive, 0, reading, Port(0, 1), 1e-3))
    assert steps.pull is not None
    assert steps.pull.current[steps.at] == pytest.approx(levels)
    assert steps.reading[1:] == pytest.approx(1e-5)


def test_a_window_holds_one_current_as_one() -> None:
    """Voltages differ from sample to sample; the law is the same."""
    chip = ModelChip(TwoTerminalFilm(LAW, START, 4), ("A", "B"), Limits(5.0, 1e-3), VirtualClock())
    drive = forced(np.full(2000, 1e-4), 5e-3, 0.9)
    steps, film = Held().steps(block_of(drive, 0, join(chip.apply(drive)), Port(0), 1e-3)), FilmLaw(LAW)
    window = Window(film)
    for k, (held, rates) in enumerate(zip(*samples_of(steps, film), strict=True)):
        window.add(held, rates, float(steps.reading[k]), Place(0, k))
    kept = window.steps()
    assert kept.pull is not None
    assert kept.piece.sum() + kept.aperture.sum() == pytest.approx(10.0, rel=0.01)
    assert kept.pull.current.reshape(kept.kind.size, -1)[:, -1] == pytest.approx(1e-4, rel=1e-6)
    late = kept.reading.size // 2
    assert (kept.piece > 0).sum(axis=1)[late:].max() <= 2
