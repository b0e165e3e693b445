"""What a meter's calibration and a file's errors shift is no drift, and what goes beyond them still is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from twin.records import LAW, START, VOLT, record
from twin.test_watch import CHANGED, FILM, READ_NOISE, higher

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, FloatArray, Force, Quantity
from nwlab.core.events import Noted
from nwlab.core.limits import Limits
from nwlab.lab.sweep.following import Following
from nwlab.model.model_chip import ModelChip
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import MEAN, FilmLaw
from nwlab.twin.leaning import Leaning
from nwlab.twin.scalar import ScalarTwin

ERRORS = FileErrors(LAW, {})
OFTEN = 1e4
ALIKE = np.array([[1.0, 0.9999], [0.9999, 1.0]])
"""Correlation of two rates whose ratio is well known."""


def alarms(law: RateBalance, samples: int, seed: int, leaning: Leaning | None) -> dict[str, int]:
    """Count the alarms of the sums beside a chip of some law."""
    twin = Companion(ScalarTwin(LAW, START, READ_NOISE), Alarms(OFTEN), leaning=leaning)
    for event in record([(law, samples)], seed).events(500):
        for _ in twin(event):
            pass
    return twin.tally.alarms


def off(errors: float) -> RateBalance:
    """The chip as meters see it whose calibration is so many standard errors off."""
    state = float(LAW.attractor(VOLT))
    return higher(LAW, errors * state * (1 - state) * float(np.sqrt(ERRORS.variances(VOLT)[MEAN])))


@pytest.mark.parametrize("errors", [1.5, -1.5])
def test_what_calibration_shifts_raises_no_alarms(errors: float) -> None:
    kind = "above" if errors > 0 else "below"
    told, untold = (alarms(off(errors), 20_000, 61, each) for each in (None, Leaning(FILM, ERRORS)))
    assert told[kind] >= 8
    assert sum(untold.values()) <= 3


def test_what_is_no_calibration_is_soon_told() -> None:
    twin = Companion(ScalarTwin(LAW, START, READ_NOISE), Alarms(OFTEN), leaning=Leaning(FILM, ERRORS))
    changed = CHANGED["mean +10 step sd"][1]
    found = [note for event in record([(LAW, 1000), (changed, 500)], 62).events(50) for note in twin(event)]
    (first, *_) = (note for note in found if isinstance(note, Noted) and note.kind == "alarm")
    assert first.content["kind"] == "above"
    assert 1000 < first.content["step"] < 1200  # type: ignore[operator]


def test_a_file_that_is_surer_leans_less() -> None:
    """To first order as the square root of its covariance, and with how far a state is drawn in a step."""
    order = ["kp0", "kd0"]
    events = list(record([(LAW, 50)], 63).events(50))
    leans: list[float] = []
    for part in (1e-2, 1e-3):
        fit = {"law": "rate-balance", "order": order, "covariance": (np.diag([LAW.kp0, LAW.kd0]) * part) ** 2}
        seen = _Kept(FILM, FileErrors(LAW, fit))
        twin = Companion(ScalarTwin(LAW, START, READ_NOISE), Alarms(OFTEN), leaning=seen)
        for event in events:
            list(twin(event))
        leans.append(float(np.median(np.concatenate(seen.found))))
    assert leans[0] / leans[1] == pytest.approx(10.0, rel=0.03)  # the meter has a share in both


class _Kept(Leaning):
    """Remembers what it says."""

    def __init__(self, *about: object) -> None:
        super().__init__(*about)  # type: ignore[arg-type]
        self.found: list[np.ndarray] = []

    def of(self, *about: object) -> np.ndarray:
        self.found.append(super().of(*about))  # type: ignore[arg-type]
        return self.found[-1]


def beside_model(law: RateBalance, fit: dict[str, object], levels: FloatArray, seed: int) -> Companion:
    """Follow a model of some law, 0.5 s at each level, with a twin of the published one."""
    errors = FileErrors(LAW, fit)
    twin = Companion(ScalarTwin(LAW, START, READ_NOISE), Alarms(OFTEN), leaning=Leaning(FILM, errors))
    film = TwoTerminalFilm(law, START, seed)
    drive = Drive(np.full(levels.size, 0.5), (Force(0, Quantity.VOLTAGE, levels, 1e-3, low=1),))
    following = Following(twin)
    for _ in following.beside(
        0, drive, "", ModelChip(film, ("A", "B"), Limits(5.0, 1e-3), VirtualClock()).apply(drive)
    ):
        pass
    return twin


@pytest.mark.parametrize("factor", [1.1, 0.9])
def test_an_error_of_the_rate_that_the_file_knows_of_raises_no_alarms(factor: float) -> None:
    """Between two levels a film that is 10 % slower lags behind each time; the file says that it may be."""
    rates = np.array([LAW.kp0, LAW.kd0])
    fit = {"law": "rate-balance", "order": ["kp0", "kd0"], "covariance": 0.01 * (np.outer(rates, rates) * ALIKE)}
    levels = np.resize([3.6] * 50 + [2.5] * 50, 3000)
    alike, other = (
        beside_model(replace(LAW, kp0=each * LAW.kp0, kd0=each * LAW.kd0), fit, levels, 3).tally.alarms
        for each in (factor, factor**5)
    )
    assert sum(alike.values()) <= 1
    assert sum(other.values()) >= 20


@pytest.mark.parametrize("fit", [{}, {"law": "rate-balance", "order": ["kp0"], "covariance": [[1e-8]]}])
def test_a_film_that_is_driven_to_its_bound_is_followed(fit: dict[str, object]) -> None:
    """There no shift of the attractor's logit says anything, and alarms go on."""
    steep = replace(LAW, eta_p=20.0, eta_d=20.0)
    found = FileErrors(steep, fit).of_course(4.0)
    assert np.isfinite([*found, *FileErrors(steep, fit).variances(4.0)]).all()
    lean = Leaning(FilmLaw(steep, READ_NOISE), FileErrors(steep, fit))
    twin = Companion(ScalarTwin(steep, START, READ_NOISE), Alarms(OFTEN), leaning=lean)
    for event in record([(LAW, 200)], 64).events(50):
        list(twin(event))
    assert twin.tally.alarms["below"] > 0
