"""Bad contacts, leaks and drift: what the meters see, against Ohm's law."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from virtual.faults.tables import OHM, Table
from virtual.resistor_film import NotedFilm, ResistorFilm

from nwlab.core.drive import Quantity
from nwlab.model.film import Circuit, Source
from nwlab.virtual.faults.drift import DriftingFilm

DRIVEN = ("smua.source.limiti = 1e-2", "smua.source.levelv = 1", "smua.source.output = 1")


def resistance(table: Table) -> float:
    return table.number("smua.measure.v()") / table.number("smua.measure.i()")


def test_a_bad_contact_adds_its_resistance_while_it_lasts(tmp_path: Path) -> None:
    table = Table(
        tmp_path,
        '[[fault]]\nat = "A"\ndo = "bad-contact"\nwhen = "5 s"\nduration = "5 s"\nresistance = "20 kOhm"\n',
    )
    table.tell(*DRIVEN)
    assert resistance(table) == pytest.approx(OHM, rel=1e-3)
    table.world.wait(5)
    assert resistance(table) == pytest.approx(OHM + 20e3, rel=1e-3)
    table.world.wait(5)
    assert resistance(table) == pytest.approx(OHM, rel=1e-3)


def test_an_open_contact_carries_nothing(tmp_path: Path) -> None:
    table = Table(tmp_path, '[[fault]]\nat = "B"\ndo = "bad-contact"\n')
    table.tell(*DRIVEN)
    assert table.number("smua.measure.i()") == pytest.approx(0, abs=1e-8)
    table.tell("smua.source.output = 0", "smua.source.func = 0", "smua.source.limitv = 2")
    table.tell("smua.source.leveli = 1e-6", "smua.source.output = 1")
    assert table.number("smua.measure.v()") == pytest.approx(2, rel=1e-2)
    assert table.ask("smua.source.compliance") == "true"


def test_a_leak_is_a_second_way_to_common(tmp_path: Path) -> None:
    faults = '[[fault]]\nat = "A"\ndo = "leak"\nresistance = "5 kOhm"\n'
    table = Table(tmp_path, faults)
    table.tell(*DRIVEN)
    assert resistance(table) == pytest.approx(OHM, rel=1e-3)  # LO floats: there is no way back from common
    other = '[[fault]]\nat = "B"\ndo = "leak"\nresistance = "1 Ohm"\n'
    table = Table(tmp_path, faults + other)
    table.tell(*DRIVEN)
    assert resistance(table) == pytest.approx(1 / (1 / OHM + 1 / 5001), rel=1e-3)


def test_a_chip_that_drifts_does_so_exponentially_and_then_stays(tmp_path: Path) -> None:
    table = Table(tmp_path, '[[fault]]\ndo = "drift"\nrate = "-1e-3 1/s"\nwhen = "100 s"\nduration = "500 s"\n')
    table.tell(*DRIVEN)
    table.world.wait(100)
    assert resistance(table) == pytest.approx(OHM, rel=1e-3)
    table.world.wait(100 + 100 - table.world.now())
    assert resistance(table) == pytest.approx(OHM * math.exp(0.1), rel=2e-3)
    table.world.wait(1000)
    assert resistance(table) == pytest.approx(OHM * math.exp(0.5), rel=1e-3)
    assert table.strikes == ["drift"]


@pytest.mark.parametrize(
    "source", [Source(0, 2, Quantity.VOLTAGE, 1.0, 1.0), Source(0, 2, Quantity.CURRENT, 1e-5, 9.0)]
)
def test_drift_is_exact_against_scaled_resistors(source: Source) -> None:
    # Terminal 0 is driven against common (2), terminal 1 loaded with 3 kOhm to common.
    circuit = Circuit(3, 2, (source,), ((1, 2, 3e3),))
    drifting = DriftingFilm(ResistorFilm(2, (0, 1, 2e3)))
    drifting.begin(0.1)
    drifting.advance(circuit, 10.0)
    found = drifting.advance(circuit, 0.0)
    expected = ResistorFilm(2, (0, 1, 2e3 / math.e)).advance(circuit, 0.0)
    np.testing.assert_allclose(found.potential, expected.potential, rtol=3e-4)
    np.testing.assert_allclose(found.current, expected.current, rtol=3e-4)
    assert drifting.conductances()[0] == pytest.approx(math.e / 2e3)


def test_the_limit_that_acts_on_a_drifting_chip_is_the_one_that_was_set() -> None:
    circuit = Circuit(3, 2, (Source(0, 2, Quantity.VOLTAGE, 10.0, 1e-3),), ((1, 2, 1e-3),))
    drifting = DriftingFilm(ResistorFilm(2, (0, 1, 5e3)))
    drifting.begin(1.0)
    drifting.advance(circuit, 1.0)
    found = drifting.advance(circuit, 0.0)
    assert found.in_compliance[0]
    assert found.current[0] == pytest.approx(1e-3)


def test_a_mean_over_a_drift_is_the_mean() -> None:
    circuit = Circuit(3, 2, (Source(0, 2, Quantity.VOLTAGE, 1.0, 1.0),), ((1, 2, 1e-3),))
    drifting = DriftingFilm(ResistorFilm(2, (0, 1, 1e3)))
    drifting.begin(0.1)
    mean = drifting.advance(circuit, 10.0)
    assert mean.current[0] == pytest.approx(1e-3 * (math.e - 1), rel=1e-4)


def test_a_film_that_does_not_drift_yet_is_played_as_it_is() -> None:
    circuit = Circuit(3, 2, (Source(0, 2, Quantity.VOLTAGE, 1.0, 1.0),), ((1, 2, 1e-3),))
    noted = NotedFilm(ResistorFilm(2, (0, 1, 1e3)))
    DriftingFilm(noted).advance(circuit, 10.0)
    assert noted.played == [(circuit, 10.0)]
