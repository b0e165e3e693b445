"""Ten thousand blocks of the matched chip: residuals are standard normal and white, alarms as rare as stated."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from scipy.stats import chi2, kstest, poisson
from twin.records import LAW, START, STEP_SD, VOLT, record

from nwlab.core.drive import FloatArray
from nwlab.core.events import Expected, Noted
from nwlab.twin.alarms import FALSE_ALARM_STEPS, Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.scalar import ScalarTwin

pytestmark = pytest.mark.slow
BLOCKS, BLOCK = 10_000, 2
LAGS = 20


@dataclass(frozen=True)
class Told:
    z: FloatArray
    alarms: list[Noted]


@pytest.fixture(scope="module")
def told() -> Told:
    read_noise = 0.3 * STEP_SD
    companion = Companion(ScalarTwin(LAW, START, VOLT * read_noise), Alarms())
    events = record([(LAW, BLOCKS * BLOCK)], seed=71, read_noise=read_noise).events(BLOCK)
    found = [each for event in events for each in companion(event)]
    z = np.concatenate([each.z[:, 0] for each in found if isinstance(each, Expected) and each.z is not None])
    return Told(z, [each for each in found if isinstance(each, Noted) and each.kind == "alarm"])


def test_their_spread(told: Told) -> None:
    assert told.z.size == BLOCKS * BLOCK
    assert np.std(told.z) == pytest.approx(1.0, abs=0.03)
    assert 0.002 < np.mean(np.abs(told.z) > 3) < 0.005
    assert kstest(told.z, "norm").pvalue > 1e-3


def test_their_squares_add_up(told: Told) -> None:
    """The normalised innovation squared, as a chi-square test."""
    low, high = chi2.interval(0.999, told.z.size)
    assert low < np.sum(told.z**2) < high


@pytest.mark.parametrize("squared", [False, True], ids=["of z", "of z²"])
def test_they_are_white(told: Told, squared: bool) -> None:
    """Ljung and Box, Biometrika 65 (1978) 297."""
    off = told.z**2 - 1.0 if squared else told.z
    off = off - off.mean()
    n, power = off.size, float(off @ off)
    lags = np.arange(1, LAGS + 1)
    correlation = np.array([off[lag:] @ off[:-lag] for lag in lags]) / power
    assert n * (n + 2) * np.sum(correlation**2 / (n - lags)) < chi2.ppf(0.999, LAGS)


def test_false_alarms_are_as_rare_as_stated(told: Told) -> None:
    steps = {note.content["step"] for note in told.alarms}
    assert len(steps) <= poisson.ppf(0.999, told.z.size / FALSE_ALARM_STEPS)
