"""Windowed re-identification: what changed is named, soon, rarely wrongly, and no longer than it lasts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binom
from twin.records import LAW, START, STEP_SD, VOLT, record

from nwlab.core.events import Noted
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.alarms import FALSE_ALARM_STEPS, Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.scalar import ScalarTwin
from nwlab.twin.watch import READINGS, Watch

READ_NOISE = VOLT * 0.3 * STEP_SD  # A
FILM = FilmLaw(LAW, READ_NOISE)
assert LAW.jumps


def faster(law: RateBalance, factor: float) -> RateBalance:
    return replace(law, kp0=factor * law.kp0, kd0=factor * law.kd0)


def higher(law: RateBalance, shift: float) -> RateBalance:
    """The attractor at 3.6 V moved by `shift` of the state, θ as it was."""
    goal = float(law.attractor(VOLT))
    return replace(law, kp0=(1 + shift / goal) * law.kp0, kd0=(1 - shift / (1 - goal)) * law.kd0)


CHANGED = {
    "σ ×1.5": ("σ", replace(LAW, noise=1.5 * LAW.noise)),
    "jump rate ×3": ("jump rate", replace(LAW, jumps=replace(LAW.jumps, rate=3 * LAW.jumps.rate))),
    "mean +10 step sd": ("mean", higher(LAW, 10 * LAW.noise * 0.63**0.5)),
    "θ ×2": ("θ", faster(LAW, 2.0)),
    "θ ×0.5": ("θ", faster(LAW, 0.5)),
}


def companion(film: FilmLaw = FILM, fit: dict[str, object] | None = None, readings: int = READINGS) -> Companion:
    share = 2.0 * FALSE_ALARM_STEPS
    watch = Watch(film, share, FileErrors(film.law, fit or {}), readings)
    return Companion(ScalarTwin(film.law, START, film.read_noise), Alarms(share), watch)


def notes(twin: Companion, laws: Sequence[tuple[RateBalance, int]], seed: int) -> list[Noted]:
    told = [note for event in record(laws, seed).events(50) for note in twin(event)]
    return [note for note in told if isinstance(note, Noted) and note.kind in ("alarm", "explained")]


def names(found: Sequence[Noted]) -> list[Noted]:
    return [note for note in found if "what" in note.content]


def step(note: Noted) -> int:
    return note.content["step"]  # type: ignore[return-value]


@pytest.mark.parametrize("change", ["σ ×1.5", "θ ×2"])
def test_what_changed_halfway_is_named(change: str) -> None:
    """Within two windows: one that the change falls into, and one behind it."""
    what, law = CHANGED[change]
    found = names(notes(companion(), [(LAW, 1500), (law, 2 * READINGS)], seed=41))
    first = found[0].content
    assert {note.content["what"] for note in found} == {what}
    assert 1500 < step(found[0]) <= 1500 + 2 * READINGS
    assert abs(first["estimate"] - first["expected"]) > 2.5 * first["error"]  # type: ignore[operator]
    assert first["since"]["step"] >= 1000  # type: ignore[index]
    assert what in str(first["text"])
    assert str(first["text"]).count("±") == 1


def test_a_chip_that_returns_is_explained_again() -> None:
    law = CHANGED["σ ×1.5"][1]
    found = notes(companion(), [(LAW, 500), (law, 1000), (LAW, 2500)], seed=42)
    (again,) = (note for note in found if note.kind == "explained")
    named = names(found)
    assert named
    assert step(named[0]) < step(again)
    assert again.content["since"]["step"] >= 1000  # type: ignore[index]
    assert 1500 + READINGS <= step(again) < 4000


def test_a_cumulative_sum_comes_first_and_the_name_follows() -> None:
    found = notes(companion(), [(LAW, 1300), (CHANGED["σ ×1.5"][1], 2000)], seed=43)
    sums = [step(note) for note in found if note.kind == "alarm" and "what" not in note.content and step(note) > 1300]
    assert sums[0] < 1300 + 400
    assert sums[0] < step(names(found)[0])
    # The window began anew behind the sum's first alarm.
    assert step(names(found)[0]) in (2000, sums[0] + READINGS)


def test_errors_of_the_chip_file_count() -> None:
    """A fit that knows θ to 30 % does not tell ×1.5 from what it was fitted to."""
    law = faster(LAW, 1.5)
    order = ["kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max", "noise", "read_noise", "jump_rate"]
    sure = np.zeros((9, 9))
    rates = np.array([LAW.kp0, LAW.kd0])
    sure[:2, :2] = 0.3**2 * np.outer(rates, rates)  # both together: θ is unsure, g̃ is not
    fit: dict[str, object] = {"law": "rate-balance", "order": order, "covariance": sure.tolist()}
    named = [
        {note.content["what"] for note in names(notes(companion(fit=each), [(law, 2200)], 44))} for each in ({}, fit)
    ]
    assert named == [{"θ"}, set()]


def test_errors_of_a_fit_in_the_numbers_of_a_change() -> None:
    order = ["kp0", "kd0", "noise"]
    fit = {"law": "rate-balance", "order": order, "covariance": np.diag([LAW.kp0, LAW.kd0, LAW.noise]) ** 2 * 1e-4}
    goal = float(LAW.attractor(VOLT))
    theta, mean, noise, rate = np.sqrt(FileErrors(LAW, fit).variances(VOLT))
    assert theta == pytest.approx(0.01 * np.hypot(goal, 1 - goal))
    assert mean == pytest.approx(0.01 * np.sqrt(2))
    assert noise == pytest.approx(0.02)
    assert rate == 0.0


def test_a_file_without_errors_leaves_the_meters_theirs() -> None:
    """A voltage that is 0.54 mV off moves the mean, and hardly the rate; nothing else is as sensitive."""
    for fit in ({}, {"law": "mean-field", "order": ["kp0"], "covariance": [[1.0]]}):
        theta, mean, noise, rate = np.sqrt(FileErrors(LAW, fit).variances(VOLT))
        moved = [np.log(each / (1 - each)) for each in (float(LAW.attractor(VOLT + off)) for off in (0.0, 5.4e-4))]
        assert mean == pytest.approx(np.hypot(moved[1] - moved[0], 2.5e-4 / (1 - float(LAW.attractor(VOLT)))), rel=0.01)
        assert theta == pytest.approx(abs(np.log(LAW.rate(VOLT + 5.4e-4) / LAW.rate(VOLT))), rel=0.01)
        assert noise == rate == 0.0


def test_a_window_that_was_lost_begins_anew() -> None:
    twin = companion()
    events = list(record([(LAW, 2 * READINGS)], 45).events(100))
    for event in events[: READINGS // 100]:
        list(twin(event))
    twin.lose()
    told = [note for event in events[READINGS // 100 : READINGS // 50 - 1] for note in twin(event)]
    assert not [note for note in told if isinstance(note, Noted) and note.kind in ("alarm", "explained")]


@pytest.mark.slow
@pytest.mark.parametrize("change", CHANGED)
def test_every_change_is_named_again_and_again(change: str) -> None:
    """Mostly within two windows: one that the change falls into, and one behind it. θ halved tells least."""
    what, law = CHANGED[change]
    delays: list[int] = []
    others = 0
    for seed in range(100, 102):
        found = names(notes(companion(), [(LAW, 1500), (law, 3 * READINGS)], seed))
        own = [step(note) for note in found if note.content["what"] == what and step(note) > 1500]
        others += len({note.content["what"] for note in found} - {what})
        delays.append(own[0] - 1500 if own else 10**9)
    print(f"\n{change}: named after {sorted(delays)} samples; {others} other names")
    assert min(delays) <= 2 * READINGS
    assert max(delays) <= 3 * READINGS
    assert others <= 1


@pytest.mark.slow
def test_names_are_as_rare_as_promised() -> None:
    """Of a chip that is what its file says."""
    windows, often = 20, 1e4
    watch = Watch(FILM, often)
    twin = Companion(ScalarTwin(LAW, START, READ_NOISE), None, watch)
    found = names(notes(twin, [(LAW, windows * READINGS)], seed=46))
    wrong = len({step(note) for note in found})
    print(f"\n{wrong} of {windows} windows named something; {windows * READINGS / often:.0f} at most were promised")
    assert wrong <= binom.ppf(0.999, windows, READINGS / often)


def test_a_film_without_jumps_has_three_numbers() -> None:
    calm = replace(LAW, jumps=None)
    found = names(notes(companion(FilmLaw(calm, READ_NOISE)), [(replace(calm, noise=2 * LAW.noise), 1400)], seed=47))
    assert {note.content["what"] for note in found} == {"σ"}


def test_limits_follow_from_the_rate() -> None:
    assert Watch(FILM, 2e4).limit == pytest.approx(2.4977, abs=1e-3)  # two-sided 1.25 %
    assert Watch(FILM, 1e6).limit > Watch(FILM, 2e4).limit
    assert Watch(FILM, 10.0).limit == pytest.approx(2.2414, abs=1e-3)  # a window is not let err more often than 10 %
