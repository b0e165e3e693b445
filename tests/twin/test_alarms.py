"""Drift alarms: as rare as promised on a chip that is what it was, and soon where it has changed."""

from __future__ import annotations

import numpy as np
import pytest

from nwlab.core.errors import UsageError
from nwlab.twin.alarms import Alarms
from nwlab.twin.cusum import Cusum, of_mean, of_spread, run_length, threshold


@pytest.mark.parametrize(("h", "steps"), [(4.0, 335.4), (5.0, 930.9)])
def test_run_lengths_are_those_of_textbooks(h: float, steps: float) -> None:
    """One-sided sum of normal increments with an allowance of a half."""
    assert run_length(of_mean, 0.5, h) == pytest.approx(steps, rel=2e-3)


@pytest.mark.parametrize(("distribution", "k"), [(of_mean, 0.1), (of_mean, 0.25), (of_spread, 0.5)])
def test_a_threshold_keeps_its_promise_in_simulation(distribution: object, k: float) -> None:
    rng, steps, wanted = np.random.default_rng(4), 200_000, 500.0
    z = rng.standard_normal(steps)
    taken = z if distribution is of_mean else z**2 - 1.0
    alarms = Cusum(k, threshold(distribution, k, wanted)).take(taken)  # type: ignore[arg-type]
    # An alarm starts the sum anew, so that waits are independent; their spread is about their mean.
    assert steps / len(alarms) == pytest.approx(wanted, rel=4.0 / np.sqrt(steps / wanted))


def test_false_alarms_of_all_sums_together() -> None:
    rng, alarms, steps = np.random.default_rng(5), Alarms(1000.0), 200_000
    found = alarms.take(rng.standard_normal(steps))
    # Sums that watch for the same do not alarm independently: somewhat fewer steps raise an alarm than each promises.
    assert 0.5 < len({alarm.step for alarm in found}) / (steps / 1000.0) < 1.2


def test_residuals_may_come_in_any_pieces() -> None:
    z = np.random.default_rng(6).normal(0.2, 1.2, 3000)
    whole, pieces = Alarms(1000.0), Alarms(1000.0)
    found = [alarm for piece in np.array_split(z, 173) for alarm in pieces.take(piece)]
    assert whole.take(z) == found
    assert len(found) > 10


@pytest.mark.parametrize(
    ("change", "kind", "within"),
    [
        (lambda z: z + 0.4, "above", 200),
        (lambda z: z - 0.4, "below", 200),
        (lambda z: 1.5 * z, "spread", 200),
        (lambda z: np.where(np.arange(z.size) % 20 == 0, z + 5.0, z), "spread", 200),
    ],
)
def test_what_changed_is_named_soon_and_dated(change: object, kind: str, within: int) -> None:
    rng, delays, dates = np.random.default_rng(7), [], []
    for _ in range(40):
        alarms = Alarms()
        z = rng.standard_normal(3000)
        alarms.take(z[:1000])
        found = [each for each in alarms.take(change(z[1000:])) if each.kind == kind]  # type: ignore[operator]
        delays.append(found[0].step - 1000)
        dates.append(found[0].since - 1000)
    assert np.median(delays) < within
    assert abs(np.median(dates)) < 0.5 * np.median(delays)


def test_what_was_not_measured_raises_no_alarm() -> None:
    alarms = Alarms(100.0)
    assert alarms.take(np.full(10_000, np.nan)) == []
    alarms.take(np.array([1.0, np.nan, 3.0]))
    later = alarms.take(np.full(100, 3.0))
    assert later[0].step >= 10_003


def test_a_single_jump_is_no_drift() -> None:
    z = np.zeros(2000)
    z[1000] = 1e6
    assert Alarms().take(z) == []


@pytest.mark.parametrize("steps", [0.0, 0.3, np.inf, np.nan])
def test_a_rate_of_false_alarms_that_is_none(steps: float) -> None:
    with pytest.raises(UsageError, match="at least 2"):
        Alarms(steps)
