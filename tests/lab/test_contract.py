"""The contract on everything that is shipped as a chip."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from contract import ChipContract

from nwlab.core.chip import Chip
from nwlab.lab.opening import open_bench, open_model
from nwlab.lab.serving import ServedBench

pytestmark = pytest.mark.timed


class TestModel(ChipContract):
    @pytest.fixture
    def chip(self) -> Iterator[Chip]:
        with open_model("resistor-10k") as chip:
            yield chip


class TestVirtualBench(ChipContract):
    # What a 2636B states for its ranges, and 1 Ohm of leads on 10 kOhm.
    tolerance = 1e-3
    offset = 1e-7

    @pytest.fixture
    def chip(self) -> Iterator[Chip]:
        with open_bench("virtual", chip="resistor-10k") as chip:
            yield chip


class TestServedBench(TestVirtualBench):
    @pytest.fixture
    def chip(self, tmp_path: Path) -> Iterator[Chip]:
        with (
            ServedBench("virtual", chip="resistor-10k", speed=20.0) as served,
            open_bench(served.write(tmp_path / "served.toml"), separate=False) as chip,
        ):
            yield chip


FIXED = """
name = "ring"
terminals = ["A", "B"]

[network]
path = "ring.edges"

[[terminal]]
name = "A"
node = 0
contact_resistance = "1 kOhm"

[[terminal]]
name = "B"
node = 2
contact_resistance = "1 kOhm"

[model]
kind = "file"
law = "fixed"

[model.parameters]
conductance = "125 uS"
"""


@pytest.fixture
def ring(tmp_path: Path) -> Path:
    """A network of 10 kOhm: four junctions of 8 kOhm in a ring, contacts of 1 kOhm."""
    (tmp_path / "ring.edges").write_text("0 1\n1 2\n2 3\n3 0\n", encoding="utf-8")
    path = tmp_path / "ring.toml"
    path.write_text(FIXED, encoding="utf-8")
    return path


class TestNetworkModel(ChipContract):
    @pytest.fixture
    def chip(self, ring: Path) -> Iterator[Chip]:
        with open_model(ring) as chip:
            yield chip


class TestNetworkOnTheVirtualBench(TestVirtualBench):
    @pytest.fixture
    def chip(self, ring: Path) -> Iterator[Chip]:
        with open_bench("virtual", chip=ring) as chip:
            yield chip
