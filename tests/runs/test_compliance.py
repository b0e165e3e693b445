"""A run that is to stop at compliance stops there, keeps what it read, and leaves the chip at rest."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from nwlab.core.errors import ComplianceError
from nwlab.lab.opening import open_bench
from nwlab.lab.running import load_protocol, run
from nwlab.runs.recording import load_run

PROTOCOL = """\
name = "ramp"
{}
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "0.2 V"
duration = "1 s"
sample = "50 ms"
compliance = "50 uA"
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "1 V"
duration = "100 s"
sample = "50 ms"
compliance = "50 uA"
"""


@pytest.mark.fault(19, "the flag is stored beside each sample; a protocol may ask to stop: at rest, data kept, code 4")
@pytest.mark.parametrize("action", ["hold", "stop"])
def test_compliance_is_held_or_ends_the_run(tmp_path: Path, action: str) -> None:
    (tmp_path / "ramp.toml").write_text(PROTOCOL.format(f'on_compliance = "{action}"'), encoding="utf-8")
    with open_bench("virtual", chip="resistor-10k") as chip:
        if action == "hold":
            kept = run(load_protocol(tmp_path / "ramp.toml"), chip, out=tmp_path)
            assert kept.samples == 20 + 2000
        else:
            with pytest.raises(ComplianceError, match=r"A reached its compliance of 50 uA, 0 s into") as caught:
                run(load_protocol(tmp_path / "ramp.toml"), chip, out=tmp_path)
            assert caught.value.exit_code == 4
            (folder,) = tmp_path.glob("*_ramp")
            kept = load_run(folder)
            assert 20 < kept.samples < 1000
            assert kept.status == "failed"
        rows = kept.rows()
        assert np.array_equal(rows.in_compliance, rows.level > 0.5)
