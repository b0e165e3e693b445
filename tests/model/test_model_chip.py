from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest
from scipy import stats

from nwlab.core.chip import CheckedChip
from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError
from nwlab.core.limits import Limits
from nwlab.core.reading import Reading, join
from nwlab.model.chip_file import load_chip
from nwlab.model.model_chip import ModelChip
from nwlab.model.resistor_film import ResistorFilm
from nwlab.model.two_terminal_film import TwoTerminalFilm

V, A = Quantity.VOLTAGE, Quantity.CURRENT
CHIPS = Path(__file__).parents[2] / "instruments" / "chips"
STOCHASTIC = load_chip(CHIPS / "stochastic-2025.toml")


def _quiet(block: int = 10_000) -> ModelChip:
    return ModelChip(STOCHASTIC.film(noise=False), STOCHASTIC.terminals, STOCHASTIC.limits, block=block)


def _ladder() -> ModelChip:
    """A 1 kOhm – B 2 kOhm – C, and D alone."""
    return ModelChip(ResistorFilm(4, [(0, 1, 1e3), (1, 2, 2e3)]), ("A", "B", "C", "D"), Limits())


def _film(chip: ModelChip) -> TwoTerminalFilm:
    film = chip._film
    assert isinstance(film, TwoTerminalFilm)
    return film


def _hold(level: float, dwell: float, steps: int = 1, compliance: float = 1e-3, **more: object) -> Drive:
    force = Force(0, V, np.full(steps, level), compliance, low=1)
    return Drive(np.full(steps, dwell), (force,), **more)  # type: ignore[arg-type]


def test_demonstration_of_the_publication() -> None:
    chip = _quiet()
    reading = join(chip.apply(_hold(3.6, 0.6295, 637)))
    law = _film(chip).law
    edges = law.relax(float(law.state(12.3364e-6)), 3.6, 0.6295 * np.arange(638))
    x = float(law.rate(3.6)) * 0.6295
    means = law.attractor(3.6) + (edges[:-1] - law.attractor(3.6)) * -math.expm1(-x) / x
    np.testing.assert_allclose(reading.conductance[:, 0], law.conductance(means), rtol=1e-10)
    np.testing.assert_array_equal(reading.voltage, 3.6)
    assert chip.clock.now() == pytest.approx(0.6295 * 637)
    assert not reading.in_compliance.any()
    assert not reading.overflow.any()


def test_times_of_samples() -> None:
    dwell, delay = np.array([0.1, 0.3, 0.2]), np.array([0.0, 0.1, 0.15])
    force = Force(0, V, np.ones(3), 1e-3, low=1)
    clock = VirtualClock(start=50.0)
    chip = ModelChip(STOCHASTIC.film(), ("A", "B"), Limits(), clock)
    clock.sleep(5)
    reading = join(chip.apply(Drive(dwell, (force,), read_delay=delay)))
    assert reading.start == 55
    np.testing.assert_allclose(reading.onset, [0, 0.1, 0.4])
    np.testing.assert_allclose(reading.aperture[:, 0], [0.1, 0.2, 0.05])
    np.testing.assert_allclose(reading.time[:, 0], [0.05, 0.3, 0.575])
    assert clock.now() == pytest.approx(55.6)


def test_a_model_that_is_watched_hands_over_what_it_has_after_a_while() -> None:
    chip = ModelChip(STOCHASTIC.film(3), STOCHASTIC.terminals, STOCHASTIC.limits, block=100, span=0.35)
    blocks = list(chip.apply(_hold(1.0, 0.1, 10)))
    assert [block.steps for block in blocks] == [3, 3, 3, 1]
    assert [block.steps for block in chip.apply(_hold(1.0, 0.5, 3))] == [1, 1, 1]
    whole = ModelChip(STOCHASTIC.film(3), STOCHASTIC.terminals, STOCHASTIC.limits)
    assert join(whole.apply(_hold(1.0, 0.1, 10))).current == pytest.approx(join(blocks).current, rel=1e-12)


def test_long_drives_come_in_blocks() -> None:
    chip = _quiet(block=100)
    blocks = list(chip.apply(_hold(1.0, 0.01, 250)))
    assert [block.steps for block in blocks] == [100, 100, 50]
    assert {block.start for block in blocks} == {0.0}
    np.testing.assert_allclose(join(blocks).onset, 0.01 * np.arange(250), atol=1e-12)


def test_closing_aborts_to_rest() -> None:
    chip = _quiet(block=10)
    playing = chip.apply(_hold(3.6, 1.0, 1000, hold=True))
    next(playing)
    playing.close()  # type: ignore[attr-defined]
    assert chip.clock.now() == pytest.approx(10)
    before = _film(chip).conductances()[0]
    chip.clock.sleep(1.0)
    read = join(chip.apply(_hold(0.01, 1e-6)))
    assert read.conductance[0, 0] < 0.1 * before
    assert read.start == pytest.approx(11)


@pytest.mark.parametrize("hold", [True, False])
def test_between_drives_the_film_is_held_or_rests(hold: bool) -> None:
    chip = _quiet()
    join(chip.apply(_hold(3.6, 1.0, hold=hold)))
    law, state = _film(chip).law, float(_film(chip).law.state(_film(chip).conductances()[0]))
    chip.clock.sleep(0.04)
    join(chip.apply(_hold(0.0, 1e-9)))
    expected = law.relax(state, 3.6 if hold else 0.0, 0.04)
    assert _film(chip).conductances()[0] == pytest.approx(float(law.conductance(expected)), rel=1e-6)


def test_waiting_is_a_drive_without_forces() -> None:
    chip = _quiet()
    reading = join(chip.apply(Drive(np.array([2.0, 3.0]))))
    assert reading.voltage.shape == (2, 0)
    assert chip.clock.now() == 5
    assert _film(chip).conductances()[0] == pytest.approx(1.465e-7, rel=1e-3)


def test_fast_and_careful_path_agree_without_noise() -> None:
    levels = np.tile([3.6, 0.05, 2.0, -3.0, 0.0], 40)
    delay = np.full(200, 0.01)
    fast = Drive(np.full(200, 0.05), (Force(0, V, levels, 1e-3),), ground=(1,), read_delay=delay)
    ammeter = Force(1, V, np.zeros(200), 1e-3)
    careful = Drive(np.full(200, 0.05), (Force(0, V, levels, 1e-3), ammeter), read_delay=delay)
    one, two = join(_quiet().apply(fast)), join(_quiet().apply(careful))
    np.testing.assert_allclose(one.current[:, 0], two.current[:, 0], rtol=1e-10, atol=1e-20)
    np.testing.assert_allclose(two.current[:, 1], -two.current[:, 0], rtol=1e-12, atol=1e-20)
    np.testing.assert_allclose(one.voltage[:, 0], two.voltage[:, 0], atol=1e-12)


def test_fast_and_careful_path_have_one_distribution() -> None:
    def changes(with_ammeter: bool, seed: int) -> np.ndarray:
        steps, chip = 20_000, ModelChip(STOCHASTIC.film(seed), ("A", "B"), STOCHASTIC.limits)
        forces = [Force(0, V, np.full(steps, 3.6), 1e-3)]
        forces += [Force(1, V, np.zeros(steps), 1e-3)] if with_ammeter else []
        drive = Drive(
            np.full(steps, 4.0),
            tuple(forces),
            ground=() if with_ammeter else (1,),
            read_delay=np.full(steps, 1.0),
        )
        return np.diff(join(chip.apply(drive)).current[100:, 0])

    fast, careful = changes(False, 1), changes(True, 2)
    assert fast.std() == pytest.approx(careful.std(), rel=0.03)
    assert stats.ks_2samp(fast[::3], careful[::3]).pvalue > 1e-3


def test_compliance_in_the_middle_of_a_drive() -> None:
    chip = _quiet()
    reading = join(chip.apply(_hold(3.6, 0.1, 400, compliance=8e-5)))
    acting = reading.in_compliance[:, 0]
    first = int(np.argmax(acting))
    assert 0 < first < 399
    assert acting[first:].all()
    assert reading.current.max() <= 8e-5 * (1 + 1e-9)
    np.testing.assert_allclose(reading.current[first + 1 :, 0], 8e-5, rtol=1e-9)
    np.testing.assert_array_equal(reading.voltage[:first, 0], 3.6)
    assert (np.diff(reading.voltage[first + 1 : first + 50, 0]) < 0).all()
    settled = float(_film(chip).conductances()[0])
    law = _film(chip).law
    assert settled == pytest.approx(float(law.conductance(law.attractor(8e-5 / settled))), rel=0.02)


def test_every_routing_of_a_ladder() -> None:
    one = np.ones(2)
    dwell = np.full(2, 0.1)
    reading = join(
        _ladder().apply(
            Drive(dwell, (Force(0, V, 3 * one, 1e-2), Force(1, A, 0 * one, 5.0), Force(2, V, 0 * one, 1e-2)))
        )
    )
    np.testing.assert_allclose(reading.voltage[0], [3, 2, 0], atol=1e-12)
    np.testing.assert_allclose(reading.current[0], [1e-3, 0, -1e-3], atol=1e-15)
    floating = join(_ladder().apply(Drive(dwell, (Force(0, V, 3 * one, 1e-2, low=2),))))
    np.testing.assert_allclose(floating.current[:, 0], 1e-3)
    grounded = join(_ladder().apply(Drive(dwell, (Force(1, V, 2 * one, 1e-2),), ground=(0, 2))))
    np.testing.assert_allclose(grounded.current[:, 0], 3e-3)
    four_wire = join(_ladder().apply(Drive(dwell, (Force(0, A, 1e-3 * one, 5.0, low=2, sense=(1, 2)),))))
    np.testing.assert_allclose(four_wire.conductance[:, 0], 5e-4)
    open_end = join(_ladder().apply(Drive(dwell, (Force(0, V, 3 * one, 1e-2), Force(3, V, one, 1e-2)))))
    np.testing.assert_allclose(open_end.current, 0, atol=1e-15)


def test_a_current_force_rests_at_zero_volts() -> None:
    chip = _quiet()
    join(chip.apply(Drive(np.array([1.0]), (Force(0, A, np.array([4e-5]), 5.0, low=1),))))
    chip.clock.sleep(1.0)
    join(chip.apply(_hold(0.0, 1e-9)))
    assert _film(chip).conductances()[0] == pytest.approx(1.465e-7, rel=1e-3)


def test_behind_the_gate_limits_hold_and_the_closed_chip_rests() -> None:
    model = _quiet()
    with CheckedChip(model) as chip:
        with pytest.raises(DriveError, match="limit"):
            chip.apply(_hold(6.0, 1.0))
        join(chip.apply(_hold(3.6, 1.0, hold=True)))
    model.clock.sleep(1.0)
    join(model.apply(_hold(0.0, 1e-9)))
    assert _film(model).conductances()[0] == pytest.approx(1.465e-7, rel=1e-3)


def test_same_seed_same_reading() -> None:
    def play(seed: int | None) -> Reading:
        chip = ModelChip(STOCHASTIC.film(seed), ("A", "B"), STOCHASTIC.limits)
        return join(chip.apply(_hold(3.6, 0.6295, 300)))

    np.testing.assert_array_equal(play(None).current, play(15).current)
    assert not np.array_equal(play(16).current, play(15).current)


def test_reading_is_the_mean_of_what_flows() -> None:
    """Means over many steps of a longer step, without noise: one sample of 1 s is the mean of 100 of 10 ms."""
    long = join(_quiet().apply(_hold(3.6, 1.0, 3)))
    short = join(_quiet().apply(_hold(3.6, 0.01, 300)))
    np.testing.assert_allclose(long.current[:, 0], short.current[:, 0].reshape(3, 100).mean(axis=1), rtol=1e-11)


def test_deterministic_chip_by_file_and_by_argument(tmp_path: Path) -> None:
    text = STOCHASTIC.text.replace('noise = "3.2e-4 1/sqrt(s)"', 'noise = "0 1/sqrt(s)"')
    head, _, tail = text.partition("\n[model.jumps]\n")
    (tmp_path / "quiet.toml").write_text(head + "\n[start]" + tail.partition("[start]")[2], encoding="utf-8")
    film = load_chip(tmp_path / "quiet.toml").film()
    assert isinstance(film, TwoTerminalFilm)
    assert film.law == _film(_quiet()).law
    assert film.law == dataclasses.replace(film.law, noise=0.0, jumps=None)
