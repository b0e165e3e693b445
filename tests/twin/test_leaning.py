"""What a meter's calibration and a file's errors shift is no drift, and what goes beyond them still is."""

from __future__ import annotations

import numpy as np
import pytest
from twin.records import LAW, START, VOLT, record
from twin.test_watch import CHANGED, FILM, READ_NOISE, higher

from nwlab.core.events import Noted
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import MEAN
from nwlab.twin.leaning import Leaning
from nwlab.twin.scalar import ScalarTwin

ERRORS = FileErrors(LAW, {})
OFTEN = 1e4


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
    assert leans[0] / leans[1] == pytest.approx(10.0, rel=1e-6)


class _Kept(Leaning):
    """Remembers what it says."""

    def __init__(self, *about: object) -> None:
        super().__init__(*about)  # type: ignore[arg-type]
        self.found: list[np.ndarray] = []

    def of(self, *about: object) -> np.ndarray:
        self.found.append(super().of(*about))  # type: ignore[arg-type]
        return self.found[-1]
