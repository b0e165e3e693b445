"""Deterministic fits: known films come back, chip files play what was fitted, and what is open is said to be open."""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from analysis.played import Floats, reading, recording, stairs

from nwlab.analysis.chip_writer import chip_text
from nwlab.analysis.fit import Fit
from nwlab.analysis.identify import FitOptions, fit_law
from nwlab.analysis.network.grid_film import GridFilm
from nwlab.analysis.network.sureness import autocorrelation_time
from nwlab.analysis.readers import read_recording
from nwlab.analysis.recording import Recording
from nwlab.core.errors import UsageError
from nwlab.model.chip_file import parse_chip
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.laws.rate_balance import LegacyJunctions, RateBalanceJunctions
from nwlab.model.laws.spread import Spread
from nwlab.model.network_film import NetworkFilm
from nwlab.model.rate_balance import RateBalance
from nwlab.model.two_terminal_film import TwoTerminalFilm

DATA = os.environ.get("NWLAB_TEST_DATA")
needs_data = pytest.mark.skipif(not DATA, reason="NWLAB_TEST_DATA names no folder of measured files")

FILM = RateBalance(kp0=2e-3, kd0=2e-2, eta_p=1.5, eta_d=0.4, g_min=1e-3, g_max=4e-3)
EDGE = RateBalance(kp0=1e-3, kd0=2e-2, eta_p=10.0, eta_d=3.0, g_min=1e-3, g_max=8e-3)
VOLTAGES = [1.0, 0.1, 2.0, 0.1, 1.5, 0.5]
SMALL = {"size": "7", "source_node": "8", "sink_node": "40"}
SMALL_GRID = GridFilm(7, 2, 8, 40)


def _grid(
    film: GridFilm, law: RateBalance, start: float, spread: Sequence[float] = (0, 0, 0), seed: int = 0
) -> NetworkFilm:
    body = film.body()
    factors = Spread(tuple(spread)).draw(body.junctions, np.random.default_rng(seed))
    return NetworkFilm(body, JunctionLaw(RateBalanceJunctions(law), factors), start)


def _truth(law: RateBalance, start: float) -> dict[str, float]:
    names = ("kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max")
    return {**{name: getattr(law, name) for name in names}, "start_conductance": start}


def _assert_found(fit: Fit, truth: dict[str, float], most: float, sds: float = 4.0) -> None:
    for name, value in truth.items():
        found = fit.parameters[name]
        assert found.value == pytest.approx(value, rel=most), name
        assert abs(found.value - value) < sds * found.sd, name


def _replayed(fit: Fit, record: Recording, level: Floats, dwell: Floats) -> Floats:
    """Return what the model of the written chip file reads on the same drive."""
    chip = parse_chip(chip_text("again", fit, [record]), "again.toml")
    return reading(chip.film(noise=False), level, dwell).conductance[:, 0]


def test_a_film_in_the_mean_field_comes_back() -> None:
    level, dwell = stairs(VOLTAGES, 60.0, 150)
    record = recording(TwoTerminalFilm(FILM, 1.5e-3), level, dwell, noise=2e-3, seed=1)
    fit = fit_law("mean-field", [record])
    _assert_found(fit, _truth(FILM, 1.5e-3), most=0.03)
    assert fit.rmse == pytest.approx(2e-3 * fit.measured.mean(), rel=0.2)
    assert fit.remarks == ()
    np.testing.assert_allclose(_replayed(fit, record, level, dwell), fit.fitted, rtol=1e-5)


def test_the_errors_of_a_fit_are_those_of_repetition() -> None:
    level, dwell = stairs(VOLTAGES, 60.0, 40)
    fits = [
        fit_law("mean-field", [recording(TwoTerminalFilm(FILM, 1.5e-3), level, dwell, noise=5e-3, seed=seed)])
        for seed in range(16)
    ]
    for name, value in _truth(FILM, 1.5e-3).items():
        z = [(fit.parameters[name].value - value) / fit.parameters[name].sd for fit in fits]
        assert 0.5 < float(np.sqrt(np.mean(np.square(z)))) < 1.6, name


def test_two_recordings_share_a_law_and_have_starts_of_their_own() -> None:
    first, second = stairs([1.0, 0.1], 60.0, 100), stairs([2.0, 0.1], 60.0, 100)
    one = recording(TwoTerminalFilm(FILM, 1.5e-3), *first, noise=1e-3, seed=1)
    two = recording(TwoTerminalFilm(FILM, 3e-3), *second, noise=1e-3, seed=2)
    fit = fit_law("mean-field", [one, two])
    _assert_found(fit, {**_truth(FILM, 1.5e-3), "start_conductance_2": 3e-3}, most=0.1)


def test_two_voltages_leave_two_combinations_open_but_fix_rates_and_ends() -> None:
    level, dwell = stairs([2.0, 0.1], 100.0, 200)
    fit = fit_law("mean-field", [recording(TwoTerminalFilm(FILM, 1.5e-3), level, dwell, noise=1e-3, seed=1)])
    said = "\n".join(fit.remarks)
    assert "needs a third voltage" in said
    assert "leaves 2 combinations" in said
    values = {name: estimate.value for name, estimate in fit.parameters.items()}
    values.pop("start_conductance")
    law = RateBalance(**values)
    for volts in (2.0, 0.1):
        assert float(law.rate(volts)) == pytest.approx(float(FILM.rate(volts)), rel=0.02)
        assert float(law.conductance(law.attractor(volts))) == pytest.approx(
            float(FILM.conductance(FILM.attractor(volts))), rel=0.01
        )
    assert sum(math.isinf(estimate.sd) for estimate in fit.parameters.values()) >= 2


def test_what_is_given_is_kept_and_helps() -> None:
    level, dwell = stairs([2.0, 0.1], 100.0, 200)
    record = recording(TwoTerminalFilm(FILM, 1.5e-3), level, dwell, noise=1e-3, seed=1)
    fit = fit_law("mean-field", [record], FitOptions(given={"g_min": "1 mS", "eta_d": "0.4 1/V"}))
    assert fit.parameters["g_min"].value == pytest.approx(1e-3, rel=1e-12)
    assert math.isnan(fit.parameters["g_min"].sd)
    assert not fit.covariance[4].any()
    free = {name: value for name, value in _truth(FILM, 1.5e-3).items() if name not in ("g_min", "eta_d")}
    _assert_found(fit, free, most=0.05)


GIVEN = {
    "kp0": ("4e-3 1/s", 4e-3),
    "kd0": ("0.03 1/s", 0.03),
    "eta_p": ("1.2 1/V", 1.2),
    "eta_d": ("0.6 1/V", 0.6),
    "g_min": ("0.8 mS", 0.8e-3),
    "g_max": ("5 mS", 5e-3),
    "start_conductance": ("1.6 mS", 1.6e-3),
}


@pytest.mark.parametrize("name", list(GIVEN))
@pytest.mark.parametrize("law", ["mean-field", "grid"])
def test_whatever_is_given_is_told_as_it_was_given(law: str, name: str) -> None:
    """Also where another value would explain the record better."""
    level, dwell = stairs(VOLTAGES, 60.0, 20)
    record = recording(TwoTerminalFilm(FILM, 1.5e-3), level, dwell, noise=1e-3, seed=1)
    text, value = GIVEN[name]
    grid = {**SMALL, "size": "5", "sink_node": "16"} if law == "grid" else {}
    fit = fit_law(law, [record], FitOptions(given={**grid, name: text}))
    assert fit.parameters[name].value == pytest.approx(value, rel=1e-12)
    assert math.isnan(fit.parameters[name].sd)
    parameters = fit.tables["model"]["parameters"] | {"start_conductance": fit.tables["start"]["conductance"]}
    assert float(str(parameters[name]).split()[0]) == pytest.approx(value, rel=1e-12)


def test_what_a_stretched_film_was_told_can_be_given_back() -> None:
    """Its conductances are those of one junction, in what is told as in what is given."""
    level, dwell = stairs(VOLTAGES, 60.0, 20)
    record = recording(TwoTerminalFilm(FILM, 1.5e-3), level, dwell, noise=1e-3, seed=1)
    for name, text in {"g_max": "12.5 uS", "kp0": "3e-3 1/s"}.items():
        found = fit_law("stretched", [record], FitOptions(given={name: text})).parameters[name]
        assert found.value == pytest.approx({"g_max": 12.5e-6, "kp0": 3e-3}[name], rel=1e-12)


@pytest.mark.parametrize("noise", [1e-2, 1e-4])
def test_the_prior_does_not_pull_at_what_the_record_fixes(noise: float) -> None:
    """However good the readings are: what it pulls must stay below the errors, which shrink with them."""
    level, dwell = stairs(VOLTAGES, 60.0, 80)
    fits = [
        fit_law("mean-field", [recording(TwoTerminalFilm(FILM, 1.5e-3), level, dwell, noise=noise, seed=seed)])
        for seed in range(8)
    ]
    for name, value in _truth(FILM, 1.5e-3).items():
        z = [(fit.parameters[name].value - value) / fit.parameters[name].sd for fit in fits]
        assert abs(float(np.mean(z))) < 1.3, name


@pytest.mark.parametrize("law", ["mean-field", "grid"])
def test_the_legacy_map_comes_back_at_the_step_of_its_data(law: str) -> None:
    level, dwell = stairs([1.0, 0.1, 2.0, 0.1, 1.5], 20.0, 20)
    edge = RateBalance(kp0=1e-3, kd0=0.1, eta_p=1.0 if law == "mean-field" else 8.0, eta_d=0.4, g_min=1e-3, g_max=4e-3)
    given = dict(SMALL) if law == "grid" else {}
    body = SMALL_GRID.body()
    if law == "mean-field":
        text = chip_text("x", _empty(edge), [])
        film = parse_chip(text, "x.toml").film()
    else:
        film = NetworkFilm(body, JunctionLaw.uniform(LegacyJunctions(edge), body.junctions), 1.5e-3)
    record = recording(film, level, dwell, noise=1e-4, seed=3)
    fit = fit_law(law, [record], FitOptions(map="legacy", given=given))
    _assert_found(fit, {name: getattr(edge, name) for name in ("kp0", "kd0", "g_min", "g_max")}, most=0.1, sds=5)
    np.testing.assert_allclose(_replayed(fit, record, level, dwell), fit.fitted, rtol=1e-6)


def _empty(law: RateBalance) -> Fit:
    none = np.zeros(0)
    units = {"kp0": "1/s", "kd0": "1/s", "eta_p": "1/V", "eta_d": "1/V", "g_min": "S", "g_max": "S"}
    parameters = {name: f"{getattr(law, name)!r} {unit}" for name, unit in units.items()}
    model = {"kind": "two-terminal", "law": "legacy", "parameters": parameters}
    tables = {"terminals": ["A", "B"], "model": model, "start": {"conductance": "1.5 mS"}}
    return Fit("legacy", {}, np.zeros((0, 0)), none, none, none, tables)


def test_a_grid_comes_back() -> None:
    level, dwell = stairs(VOLTAGES, 60.0, 60)
    record = recording(_grid(SMALL_GRID, EDGE, 1.5e-3), level, dwell, noise=1e-3, seed=4)
    fit = fit_law("grid", [record], FitOptions(given=SMALL))
    _assert_found(fit, _truth(EDGE, 1.5e-3), most=0.1)
    np.testing.assert_allclose(_replayed(fit, record, level, dwell), fit.fitted, rtol=1e-3)


def test_a_grid_with_other_diagonals_is_nearly_the_same_film() -> None:
    level, dwell = stairs(VOLTAGES, 60.0, 60)
    other = GridFilm(7, 77, 8, 40)
    record = recording(_grid(other, EDGE, 1.5e-3), level, dwell, noise=1e-3, seed=4)
    fit = fit_law("grid", [record], FitOptions(given=SMALL))
    assert fit.extra["of_range"] < 0.01
    for name in ("kd0", "g_min", "g_max"):
        assert fit.parameters[name].value == pytest.approx(getattr(EDGE, name), rel=0.3)


def test_spread_rates_come_back_from_other_junctions() -> None:
    """A film of junctions drawn with another seed, of which there are other many."""
    level, dwell = stairs([1.0, 0.1, 2.0, 0.1, 1.5, 0.5], 200.0, 80)
    text = STRETCHED.format(
        rows=997,
        low=1e-3 / 997,
        high=6e-3 / 997,
        start=2e-3 / 997,
        sources=list(range(997)),
        sinks=list(range(997, 1994)),
    )
    record = recording(parse_chip(text, "x.toml").film(), level, dwell, noise=1e-3, seed=5)
    fit = fit_law("stretched", [record])
    assert fit.extra["of_range"] < 0.01
    assert fit.parameters["spread_kp0"].value == pytest.approx(1.5, rel=0.25)
    assert fit.parameters["spread_kd0"].value == pytest.approx(2.0, rel=0.25)
    np.testing.assert_allclose(_replayed(fit, record, level, dwell), fit.fitted, rtol=1e-4)
    single = fit_law("mean-field", [record])
    assert fit.extra["bic"] < single.extra["bic"] - 100


STRETCHED = """
name = "x"
terminals = ["A", "B"]
[network]
rows = {rows}
columns = 2
diagonals = "none"
seed = 12345
[[terminal]]
name = "A"
node = {sources}
[[terminal]]
name = "B"
node = {sinks}
[model]
kind = "grid"
law = "rate-balance"
[model.parameters]
kp0 = "2e-3 1/s"
kd0 = "2e-2 1/s"
eta_p = "1.5 1/V"
eta_d = "0.4 1/V"
g_min = "{low} S"
g_max = "{high} S"
[model.spread]
kp0 = 1.5
kd0 = 2.0
[start]
conductance = "{start} S"
"""


@pytest.mark.slow
def test_a_grid_with_spread_rates_comes_back() -> None:
    level, dwell = stairs(VOLTAGES, 60.0, 60)
    film = _grid(SMALL_GRID, EDGE, 1.5e-3, (0.8, 1.2, 0), seed=2)
    record = recording(film, level, dwell, noise=1e-3, seed=4)
    fit = fit_law("stretched-grid", [record], FitOptions(given=SMALL))
    _assert_found(fit, {"spread_kp0": 0.8, "spread_kd0": 1.2, "kd0": EDGE.kd0, "g_max": EDGE.g_max}, most=0.2)
    np.testing.assert_allclose(_replayed(fit, record, level, dwell), fit.fitted, rtol=1e-3)


def test_complaints() -> None:
    level, dwell = stairs([1.0, 0.1], 10.0, 10)
    record = recording(TwoTerminalFilm(FILM, 1.5e-3), level, dwell)
    with pytest.raises(UsageError, match="no map 'published'"):
        fit_law("mean-field", [record], FitOptions(map="published"))
    with pytest.raises(UsageError, match="no parameter 'kp' to give"):
        fit_law("mean-field", [record], FitOptions(given={"kp": "1 1/s"}))
    with pytest.raises(UsageError, match="smaller contact_resistance"):
        fit_law("grid", [record], FitOptions(given={"contact_resistance": "1 kOhm"}))
    with pytest.raises(UsageError, match="nodes are 0 to 440"):
        fit_law("grid", [record], FitOptions(given={"source_node": "441"}))
    with pytest.raises(UsageError, match="one rate"):
        fit_law("stretched", [record], FitOptions(map="legacy"))
    dark = recording(TwoTerminalFilm(FILM, 1.5e-3), 0 * level, dwell)
    with pytest.raises(UsageError, match="nothing was applied"):
        fit_law("mean-field", [dark], FitOptions(source="A", sink="B"))


def test_autocorrelation_time() -> None:
    rng = np.random.default_rng(0)
    assert autocorrelation_time(rng.standard_normal(20_000)) == pytest.approx(1.0, abs=0.1)
    slow = np.zeros(400_000)
    for k in range(1, slow.size):
        slow[k] = 0.9 * slow[k - 1] + rng.standard_normal()
    assert autocorrelation_time(slow) == pytest.approx(19.0, rel=0.1)


@needs_data
@pytest.mark.parametrize(("law", "most"), [("mean-field", 0.05), ("stretched", 0.025)])
def test_the_pulse_of_three_volts(law: str, most: float) -> None:
    record = read_recording(Path(str(DATA)) / "grid_graph_pulse_3V.txt")
    fit = fit_law(law, [record])
    assert fit.extra["of_range"] < most


@needs_data
@pytest.mark.slow
@pytest.mark.parametrize("law", ["grid", "stretched-grid"])
def test_the_pulse_of_three_volts_as_a_grid(law: str) -> None:
    record = read_recording(Path(str(DATA)) / "grid_graph_pulse_3V.txt")
    fit = fit_law(law, [record])
    assert fit.extra["of_range"] < 0.03
    assert len(fit.fitted) == 3000


@pytest.mark.parametrize(
    ("law", "key", "unit"),
    [
        ("mean-field", "kp0", "1/s"),
        ("stretched", "g_max", "S"),
        ("grid", "contact_resistance", "Ohm"),
        ("grid", "eta_p", "1/V"),
        ("contacts", "capacitance", "F"),
        ("rate-balance", "g_min", "S"),
    ],
)
@pytest.mark.parametrize("text", ["3 K", "3", "nan", "nan {unit}", ""])
def test_what_is_given_in_no_unit_or_a_wrong_one_is_told_with_that_wanted(
    law: str, key: str, unit: str, text: str
) -> None:
    level, dwell = stairs(VOLTAGES, 6.0, 10)
    record = recording(TwoTerminalFilm(FILM, 1.5e-3), level, dwell)
    written = text.format(unit=unit)
    with pytest.raises(UsageError) as caught:
        fit_law(law, [record], FitOptions(given={key: written}))
    assert str(caught.value).startswith(f"--set {key}: {written!r} ")
    assert f"2.5 {unit}" in str(caught.value)
