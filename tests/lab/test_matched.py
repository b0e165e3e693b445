"""Each chip that comes with nwlab, on the virtual bench beside a twin of its own file: nothing is to be seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from nwlab.lab.sweep.asking import ask
from nwlab.lab.sweep.point import PLAYED, Studio

PULSES = """\
name = "matched"
[[step]]
do = "pulses"
source = "{source}"
sink = "{sink}"
amplitude = "{amplitude}"
width = "50 ms"
base = "50 mV"
period = "100 ms"
count = {count}
compliance = "500 uA"
"""
CHIPS = {
    "stochastic-2025": ("A", "B", "3.5 V", 300),
    "resistor-10k": ("A", "B", "0.5 V", 600),
    "grid21": ("A", "B", "0.4 V", 150),
    "nw16": ("1", "9", "0.5 V", 60),
}


@pytest.mark.slow
@pytest.mark.parametrize("chip", list(CHIPS))
def test_the_matched_chip_raises_no_alarm_through_instruments(tmp_path: Path, chip: str) -> None:
    source, sink, amplitude, count = CHIPS[chip]
    protocol = tmp_path / "matched.toml"
    text = PULSES.format(source=source, sink=sink, amplitude=amplitude, count=count)
    protocol.write_text(text, encoding="utf-8")
    row = Studio(ask(str(protocol), [chip], {}, [], twin=chip, bench="virtual", seed=5)).play(0)
    assert row["status"] == PLAYED, row
    assert row["twin"]["twin_residuals"] >= count
    assert row["twin"]["twin_spread"] < 1.2
    assert row["twin"]["twin_share_beyond_3"] < 0.012
    assert row["twin"]["twin_alarms"] == 0
