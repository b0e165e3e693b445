from __future__ import annotations

import numpy as np
import pytest

from nwlab.core.drive import Quantity
from nwlab.model.circuit import mesh_of
from nwlab.model.film import Circuit, Source
from nwlab.model.load_line import LoadLine, PortMesh
from nwlab.model.resistor_film import ResistorFilm

V, A = Quantity.VOLTAGE, Quantity.CURRENT
LEADS = ((3, 0, 1e3), (4, 1, 2e3), (3, 4, 1e5), (1, 2, 1e6))


def _line(circuit: Circuit, conductance: float) -> LoadLine:
    return LoadLine(circuit, PortMesh(mesh_of(circuit, [(0, 1, 3e-6)]), 3e-6), conductance)


def _random_source(rng: np.random.Generator, hi: int) -> Source:
    lo = int(rng.choice([node for node in range(5) if node != hi]))
    if rng.random() < 0.5:
        return Source(hi, lo, V, float(rng.uniform(-4, 4)), float(10 ** rng.uniform(-6, -3)))
    return Source(hi, lo, A, float(rng.choice([-1, 1]) * 10 ** rng.uniform(-6, -4)), float(rng.uniform(0.2, 5)))


@pytest.mark.parametrize("seed", range(40))
def test_the_line_is_kirchhoff_at_every_conductance(seed: int) -> None:
    rng = np.random.default_rng(seed)
    sources = tuple(_random_source(rng, int(hi)) for hi in rng.choice(5, int(rng.integers(1, 4)), replace=False))
    circuit = Circuit(5, 2, sources, LEADS)
    line = _line(circuit, float(10 ** rng.uniform(-7, -3)))
    line.cover(0.0)
    line.cover(1.0)
    assert line.table[0, 3] == 0.0
    np.testing.assert_array_equal(line.table[1:, 3], line.table[:-1, 4])
    for conductance in np.geomspace(1e-9, 1e-1, 60):
        ours = line.present(float(conductance))
        plain = ResistorFilm(2, [(0, 1, 1 / float(conductance))]).advance(circuit, 0.0)
        np.testing.assert_allclose(ours.potential, plain.potential, atol=1e-6)
        np.testing.assert_allclose(ours.current, plain.current, atol=1e-9)
        assert ours.in_compliance.tolist() == plain.in_compliance.tolist()


def test_a_limit_begins_at_one_conductance() -> None:
    line = _line(Circuit(3, 2, (Source(0, 2, V, 2.0, 1e-4), Source(1, 2, V, 0.0, 1.0))), 1e-5)
    line.cover(1e-3)
    assert len(line.table) == 2
    assert line.table[0, 4] == pytest.approx(5e-5, rel=1e-12)


@pytest.mark.parametrize("rounding", [1 - 1e-12, 1.0, 1 + 1e-12])
def test_a_film_exactly_at_the_limit(rounding: float) -> None:
    circuit = Circuit(3, 2, (Source(0, 2, V, 2.0, 1e-4), Source(1, 2, V, 0.0, 1.0)))
    line = _line(circuit, 5e-5 * rounding)
    line.cover(4e-5)
    line.cover(6e-5)
    assert line.present(4e-5).current[0] == pytest.approx(8e-5)
    assert line.present(6e-5).current[0] == pytest.approx(1e-4)
