"""Where the terminals of the shipped chips lie, as the record of a run tells it."""

from __future__ import annotations

import time

import numpy as np
import pytest
from live.chips import CHIPS, document, layout, terminals

from nwlab.core.record import Document
from nwlab.live.chip.layout import ChipLayout, has_network, of_chip, on_circle, sketch
from nwlab.live.chip.reader import ChipReader
from nwlab.model.chip_file import load_chip

NETWORKS = {"nw16": 2910, "grid21": 1240, "connectome": 4697, "tunnel100": 260, "lowpass16": 2009}
SIMPLE = ("resistor-10k", "stochastic-2025")


def test_every_shipped_chip_is_tried_here() -> None:
    assert {path.stem for path in CHIPS.glob("*.toml")} == {*NETWORKS, *SIMPLE}


@pytest.mark.parametrize("name", ["nw16", "tunnel100", "lowpass16"])
def test_a_sketch_needs_no_network_where_the_file_gives_positions(name: str) -> None:
    drawn, whole = sketch(document(name), terminals(name)), layout(name)
    assert drawn.is_to_scale
    assert drawn.wires is None
    np.testing.assert_allclose(drawn.position, whole.position)
    np.testing.assert_allclose(drawn.radius, whole.radius)


@pytest.mark.parametrize("name", NETWORKS)
def test_networks_of_shipped_chips(name: str) -> None:
    assert has_network(document(name))
    whole = layout(name)
    assert whole.wires is not None
    assert whole.is_to_scale
    assert len(whole.wires.junctions) == NETWORKS[name]
    left, right, bottom, top = whole.bounds
    for points in (whole.position, whole.wires.places, whole.wires.extent.reshape(-1, 2)):
        assert (points >= (left - 1e-12, bottom - 1e-12)).all()
        assert (points <= (right + 1e-12, top + 1e-12)).all()
    known = whole.wires.conductance[np.isfinite(whole.wires.conductance)]
    assert len(known) > 0.9 * len(whole.wires.junctions)
    assert ((known > 1e-9) & (known < 0.2)).all()


def test_terminals_on_a_ring_and_on_nodes() -> None:
    ring = layout("nw16")
    np.testing.assert_allclose(np.hypot(*(ring.position - 250e-6).T), 220e-6)
    assert (ring.radius == 14e-6).all()
    grid = layout("grid21")
    np.testing.assert_allclose(grid.position[:2], [[50e-6, 500e-6], [950e-6, 500e-6]])
    assert (grid.radius == 0).all()


@pytest.mark.parametrize("name", SIMPLE)
def test_a_chip_without_positions_reads_from_left_to_right(name: str) -> None:
    drawn = sketch(document(name), terminals(name))
    assert not has_network(document(name))
    assert not drawn.is_to_scale
    assert drawn.names == ("A", "B")
    assert drawn.position[0, 0] < drawn.position[1, 0]
    assert of_chip(load_chip(CHIPS / f"{name}.toml"), drawn.names) is None


def test_terminals_keep_the_order_of_the_run() -> None:
    names = ("9", "1", "5")
    whole = sketch(document("nw16"), names)
    built = of_chip(load_chip(CHIPS / "nw16.toml"), names)
    assert built is not None
    for found in (whole, built):
        assert found.names == names
        np.testing.assert_allclose(found.position[:2] * 1e6, [[30, 250], [470, 250]])


@pytest.mark.parametrize(
    "found",
    [
        None,
        Document("chip.toml", "this is no TOML ["),
        Document("chip.toml", "name = 'an array of a lab'"),
        Document("nw16.toml", document("nw16").text.replace('"220 um"', '"220 V"')),
        Document("nw16.toml", document("nw16").text.replace('"16"]', '"X"]')),
    ],
)
def test_whatever_the_record_holds_there_is_a_layout(found: Document | None) -> None:
    names = tuple(f"T{number}" for number in range(24))
    drawn = sketch(found, names)
    assert drawn.names == names
    np.testing.assert_allclose(np.hypot(*drawn.position.T), 1.0)
    assert np.hypot(*(drawn.position - np.roll(drawn.position, 1, axis=0)).T).std() < 1e-9


def test_one_terminal_has_bounds() -> None:
    assert on_circle(("A",)).bounds == (1, 1, 0, 0)


def brought(reader: ChipReader, patience: float = 120.0) -> ChipLayout | None:
    """What a reader brings next."""
    end = time.monotonic() + patience
    while time.monotonic() < end:
        if (found := reader.poll()) is not None:
            return found
        time.sleep(0.02)
    return None


def test_a_network_is_built_elsewhere_and_comes_later() -> None:
    reader = ChipReader(document("grid21"), terminals("grid21"))
    first, built = reader.poll(), brought(reader)
    assert first is not None
    assert first.wires is None
    assert built is not None
    assert built.wires is not None
    whole = layout("grid21")
    assert whole.wires is not None
    np.testing.assert_array_equal(built.position, whole.position)
    np.testing.assert_array_equal(built.wires.junctions, whole.wires.junctions)
    np.testing.assert_array_equal(built.wires.conductance, whole.wires.conductance)
    assert reader.poll() is None


def test_a_file_that_cannot_be_built_leaves_the_sketch() -> None:
    text = document("nw16").text.replace('radius = "14 um"', 'radius = "0.001 um"')
    reader = ChipReader(Document("nw16.toml", text), terminals("nw16"))
    assert brought(reader) is not None
    assert reader.wait(120.0)
    assert reader.poll() is None


def test_a_reader_that_is_closed_brings_nothing_more() -> None:
    reader = ChipReader(document("nw16"), terminals("nw16"))
    reader.close()
    assert reader.wait(20.0)
    assert reader.poll() is not None
    assert reader.poll() is None
