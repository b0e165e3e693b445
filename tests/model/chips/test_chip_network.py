from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nwlab.core.errors import FileError
from nwlab.model.chip_file import load_chip
from nwlab.model.chips.network import NetworkChip
from nwlab.model.film import Circuit
from nwlab.model.network_film import NetworkFilm

CHIPS = Path(__file__).parents[3] / "instruments" / "chips"
NW16, GRID, TUNNEL = ((CHIPS / f"{name}.toml").read_text("utf-8") for name in ("nw16", "grid21", "tunnel100"))


def _write(folder: Path, text: str) -> Path:
    path = folder / "chip.toml"
    path.write_text(text, encoding="utf-8")
    return path


def _film(text: str, folder: Path) -> NetworkFilm:
    film = load_chip(_write(folder, text)).film()
    assert isinstance(film, NetworkFilm)
    return film


@pytest.mark.parametrize("name", ["nw16", "grid21", "connectome", "tunnel100", "lowpass16"])
def test_shipped_networks_are_whole(name: str) -> None:
    chip = load_chip(CHIPS / f"{name}.toml")
    film = chip.film()
    assert isinstance(film, NetworkFilm)
    assert film.terminals == len(chip.terminals)
    assert len(set(film.body.part.tolist())) == 1, "every terminal has a path to every other"
    assert (film.conductances() > 0).all()
    assert isinstance(chip.matter, NetworkChip)
    fresh = chip.matter.fresh()
    np.testing.assert_array_equal(fresh[chip.matter.mounted.kept], chip.film(noise=False).conductances())
    assert np.isnan(fresh).sum() == len(fresh) - len(chip.matter.mounted.kept)
    assert chip.matter.places.shape == (len(chip.terminals), 2)


def test_the_realistic_chip_conducts_like_a_film() -> None:
    film = load_chip(CHIPS / "nw16.toml").film(noise=False)
    assert isinstance(film, NetworkFilm)
    fresh = _between_pairs(film)
    film.state[:] = 0.5
    formed = _between_pairs(film)
    assert 5e-6 < np.median(fresh) < 5e-5
    assert 1e-4 < np.median(formed) < 2e-3


def _between_pairs(film: NetworkFilm) -> np.ndarray:
    """Conductance between each two terminals while the others are open."""
    resistance = np.linalg.pinv(film.matrix())
    own = np.diag(resistance)
    pairs = own[:, None] + own[None, :] - 2 * resistance
    return 1 / pairs[np.triu_indices(len(own), 1)]


def test_same_network_other_chance() -> None:
    chip = load_chip(CHIPS / "nw16.toml")
    one, same, other = chip.film(1), chip.film(1), chip.film(2)
    circuit = Circuit(17, 16)
    for film in (one, same, other):
        film.advance(circuit, 5.0)
    np.testing.assert_array_equal(one.conductances(), same.conductances())
    assert not np.array_equal(one.conductances(), other.conductances())
    quiet = chip.film(3, noise=False)
    before = quiet.conductances()
    quiet.advance(circuit, 5.0)
    assert np.abs(quiet.conductances() / before - 1).max() < 0.1


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (NW16, "seed        = 16\n", "", r"network: the key 'seed' is missing"),
        (NW16, "seed        = 16\n", "seed = -4\n", "network.seed: .*at least 0"),
        (NW16, 'g_min = "60 uS"', 'g_min = "-60 uS"', "model.parameters: .*0 ≤ g_min"),
        (NW16, 'law = "lasting"', 'law = "everlasting"', "model.law: .*lasting"),
        (NW16, 'law = "lasting"', 'law = "mine.py:Law"', "model.law: .*no such Python file"),
        (NW16, "count       = 1200", "count = 0", "network: .*at least 1 wire"),
        (NW16, 'width       = "500 um"', 'width = "500 uV"', "network.width: .*unit of m"),
        (NW16, 'layout = "circle"', 'layout = "ring"', "pads.layout: .*circle, square, array"),
        (NW16, 'radius = "14 um"', 'radius = "-14 um"', "pads: .*radius"),
        (
            NW16,
            'contact_resistance = "120 Ohm"',
            'contact_resistance = "-1 Ohm"',
            "pads.contact_resistance: .*negative",
        ),
        (NW16, "conductance = 0.3", "conductance = -0.3", "model.spread.conductance"),
        (NW16, "conductance = 0.3", "conductnce = 0.3", "model.spread.conductnce: unknown key"),
        (GRID, "rows = 21", "rows = 0", "network: .*two points"),
        (GRID, 'name = "W"', 'name = "X"', "terminal.6.name: .*no terminal 'X'"),
        (GRID, '\n[[terminal]]\nname = "W"\nnode = 52\ncontact_resistance = "82 Ohm"\n', "", "'W' lies nowhere"),
        (GRID, "node = 52", 'node = "52"', "terminal.6.node: .*number of a node"),
        (TUNNEL, 'position = ["27 um", "15 um"]', 'position = ["27 um"]', "terminal.2.position: needs two lengths"),
        (TUNNEL, 'v_set = "10 mV"', 'v_set = "1 mV"', "model.parameters: .*v_reset ≤ v_set"),
    ],
)
def test_mistakes_are_told_when_the_file_is_read(tmp_path: Path, text: str, old: str, new: str, told: str) -> None:
    assert old in text
    with pytest.raises(FileError, match=told) as caught:
        load_chip(_write(tmp_path, text.replace(old, new)))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (TUNNEL, 'position = ["27 um", "15 um"]', 'position = ["270 um", "15 um"]', "pad 'B' lies outside the network"),
        (TUNNEL, 'radius = "3 um"', 'radius = "1 nm"', "pad 'A' touches nothing: the nearest wire is"),
        (TUNNEL, 'radius = "3 um"', 'radius = "13 um"', "'A' and 'B' both touch wire"),
        (GRID, "node = 52", "node = 388", "'E' and 'W' both touch node 388"),
        (GRID, "node = 52", "node = 441", "pad 'W' names node 441; the nodes are 0 to 440"),
    ],
)
def test_mistakes_are_told_when_the_network_is_built(tmp_path: Path, text: str, old: str, new: str, told: str) -> None:
    assert old in text
    chip = load_chip(_write(tmp_path, text.replace(old, new)))
    with pytest.raises(FileError, match=told) as caught:
        chip.film()
    assert "chip.toml:" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_graph_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "ring.edges").write_text("0 1\n1 2\n2 3\n3 0\n", encoding="utf-8")
    text = GRID.partition("[network]")[0].replace('["A", "B", "N", "E", "S", "W"]', '["A", "B"]')
    text += (
        '[network]\npath = "ring.edges"\n\n[[terminal]]\nname = "A"\nnode = 0\n\n[[terminal]]\nname = "B"\nnode = 2\n\n'
    )
    text += '[model]\nkind = "file"\nlaw = "fixed"\n\n[model.parameters]\nconductance = "1 mS"\n'
    assert _film(text, tmp_path).matrix()[0, 0] == pytest.approx(1e-3)


def test_wires_with_a_resistance_of_their_own(tmp_path: Path) -> None:
    thin = _film(TUNNEL.replace("seed = 30", 'seed = 30\nwire_resistance = "1e9 Ohm/m"'), tmp_path)
    ideal = _film(TUNNEL, tmp_path)
    assert len(thin.body.fixed) > 100
    for film in (thin, ideal):
        film.state[:] = 0.015
    assert 0.1 < thin.matrix()[0, 0] / ideal.matrix()[0, 0] < 0.95


def test_a_two_terminal_chip_of_another_law(tmp_path: Path) -> None:
    text = 'name = "one"\nterminals = ["A", "B"]\n[model]\nkind = "two-terminal"\nlaw = "fixed"\n'
    film = _film(text + '[model.parameters]\nconductance = "1 mS"\n', tmp_path)
    assert film.matrix()[0, 0] == pytest.approx(1e-3)


OWN_FILM = """
import numpy as np
from nwlab.model.resistor_film import ResistorFilm

class Ohmic(ResistorFilm):
    parameters = {"resistance": "Ohm"}

    def __init__(self, terminals, seed, noise, resistance):
        super().__init__(terminals, [(0, 1, resistance)])
"""


def test_a_labs_own_matter(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN_FILM, encoding="utf-8")
    text = 'name = "own"\nterminals = ["A", "B"]\n[model]\nkind = "mine.py:Ohmic"\n'
    text += '[model.parameters]\nresistance = "2 kOhm"\n'
    assert load_chip(_write(tmp_path, text)).film().conductances().tolist() == [5e-4]
    with pytest.raises(FileError, match="has no class 'Other'"):
        load_chip(_write(tmp_path, text.replace("Ohmic", "Other")))
    with pytest.raises(FileError, match="is no film: it lacks parameters, advance, conductances"):
        load_chip(_write(tmp_path, text.replace("mine.py:Ohmic", "mine.py:np")))


def test_terminals_without_a_path_are_no_mistake(tmp_path: Path) -> None:
    (tmp_path / "two.edges").write_text("0 1\n2 3\n", encoding="utf-8")
    text = GRID.partition("[network]")[0].replace('["A", "B", "N", "E", "S", "W"]', '["A", "B"]')
    text += (
        '[network]\npath = "two.edges"\n\n[[terminal]]\nname = "A"\nnode = 0\n\n[[terminal]]\nname = "B"\nnode = 2\n\n'
    )
    text += '[model]\nkind = "file"\nlaw = "fixed"\n\n[model.parameters]\nconductance = "1 mS"\n'
    chip = load_chip(_write(tmp_path, text))
    film = chip.film()
    assert isinstance(film, NetworkFilm)
    assert isinstance(chip.matter, NetworkChip)
    assert film.body.part[0] != film.body.part[1]
    assert not film.matrix().any()
