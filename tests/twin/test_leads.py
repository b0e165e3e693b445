"""What a bench has between its instruments and a chip belongs to what a twin follows."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.events import BlockArrived, DriveStarted, Expected
from nwlab.core.limits import Limits
from nwlab.core.reading import join
from nwlab.lab.leads import leads_of
from nwlab.lab.opening import open_bench, open_model
from nwlab.lab.places import find
from nwlab.model.chip_file import ChipFile, load_chip, parse_chip
from nwlab.model.model_chip import ModelChip
from nwlab.twin.order import TwinOrder

LEADS = (0.5, 2.0, 0.0, 0.0, 0.0, 0.0)
RESISTORS = """\
name = "three"
terminals = ["A", "B", "C"]
[limits]
voltage = "5 V"
current = "10 mA"
[model]
kind = "resistor"
[[resistor]]
between = ["A", "B"]
resistance = "1 kOhm"
[[resistor]]
between = ["B", "C"]
resistance = "2 kOhm"
"""


def drive() -> Drive:
    return Drive(np.full(3, 0.1), (Force(0, Quantity.VOLTAGE, np.full(3, 0.5), 1e-3, low=1),))


def current(file: ChipFile) -> float:
    chip = ModelChip(file.film(noise=False), file.terminals, Limits())
    return float(join(chip.apply(drive())).current[0, 0])


def test_a_grid_behind_leads_conducts_as_ohms_law_says() -> None:
    file = load_chip(find("chip", "grid21"))
    bare, seen = (0.5 / current(each) for each in (file, file.behind(LEADS)))
    assert seen - bare == pytest.approx(sum(LEADS), rel=1e-3)
    assert 0.5 / current(file) == bare, "the chip itself stays as it was"


def test_resistors_behind_leads_are_those_of_a_larger_circuit() -> None:
    """Terminal C floats, so that no current flows to it, and what it is at is what B is at behind its lead."""
    leads = (1.0, 3.0, 100.0)
    file = parse_chip(RESISTORS, Path("three.toml")).behind(leads)
    companion = TwinOrder("three.toml").companion(file)
    expected = companion.foresee(
        Drive(
            np.full(1, 0.1),
            (Force(0, Quantity.VOLTAGE, np.ones(1), 1e-2), Force(2, Quantity.CURRENT, np.zeros(1), 5.0)),
            ground=(1,),
        )
    )
    flows = 1.0 / 1004.0
    assert expected.current[0, 0] == pytest.approx(flows, rel=1e-9)
    assert expected.voltage[0, 1] == pytest.approx(3.0 * flows, rel=1e-9)


@pytest.mark.parametrize("chip", ["grid21", "resistor-10k"])
def test_a_bench_tells_its_leads_and_a_model_has_none(chip: str) -> None:
    with open_bench("virtual", chip=chip) as bench, open_model(chip) as model:
        assert leads_of(bench) == ((0.5,) * len(bench.terminals), 0.5)
        assert leads_of(model) == ((), 0.0)


def test_a_twin_of_a_matched_chip_expects_what_a_bench_reads() -> None:
    """Through leads, which take a thousandth of the voltage."""
    with open_bench("virtual", chip="grid21") as bench:
        order = TwinOrder(str(find("chip", "grid21")), "off", leads=leads_of(bench).terminals)
        seen = join(bench.apply(drive())).conductance[-1, 0]
    known, bare = (each.companion().foresee(drive()).conductance[-1, 0] for each in (order, replace(order, leads=())))
    assert known == pytest.approx(seen, rel=3e-4), "as far as the calibration of a meter allows"
    assert bare - known == pytest.approx(1.0 * known**2, rel=0.1), "two leads of half an Ohm"


def test_a_source_whose_lo_is_at_common_is_read_with_the_lead_before_it() -> None:
    what = replace(drive(), forces=(replace(drive().forces[0], low=None),), ground=(1,))
    with open_bench("virtual", chip="grid21") as bench:
        leads = leads_of(bench)
        reading = join(bench.apply(what))
    order = TwinOrder(str(find("chip", "grid21")), "off", leads=leads.terminals)
    off: list[float] = []
    for each in (order, replace(order, return_lead=leads.common)):
        companion = each.companion()
        list(companion(DriveStarted(0, what, "")))
        (expected,) = companion(BlockArrived(0, 0, reading))
        assert isinstance(expected, Expected)
        off.append(float(reading.current[-1, 0] / expected.mean[-1, 0]) - 1.0)
    assert off[0] - off[1] == pytest.approx(-0.5 * reading.conductance[-1, 0], rel=0.1)
    assert abs(off[1]) < 2e-4
