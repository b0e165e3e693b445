"""The safe order runs to its end whatever breaks, and says what it could not confirm."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import pyvisa

from nwlab import cli
from nwlab.bench.safe import SafeOrder
from nwlab.core.clock import VirtualClock
from nwlab.core.errors import WireError
from nwlab.core.safe_state import SafePolicy
from nwlab.drivers.keithley2600 import Keithley2600
from nwlab.lab.serving import ServedBench


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[ServedBench, Path, Any]]:
    """A served bench whose output is on at 1 V, its file, and the link of whoever left it so."""
    with ServedBench("virtual", chip="resistor-10k", speed=50.0) as made:
        manager = pyvisa.ResourceManager("@py")
        other: Any = manager.open_resource(made.services[0].resource, read_termination="\n", write_termination="\n")
        other.write("smua.source.levelv = 1 smua.source.output = 1")
        other.query("*OPC?")
        yield made, made.write(tmp_path / "b.toml"), other
        other.close()
        manager.close()


@pytest.mark.fault(31, "a matrix that nobody reaches keeps no source from going off; exit code 7 tells of it")
@pytest.mark.parametrize("gone", ["matrix", "clock"])
def test_one_that_is_not_reached_keeps_no_other_on(
    served: tuple[ServedBench, Path, Any], capsys: pytest.CaptureFixture[str], gone: str
) -> None:
    made, path, other = served
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()[1]
    old = made.services[1].resource if gone == "matrix" else made.clock
    new = f"TCPIP0::127.0.0.1::{nobody}::SOCKET" if gone == "matrix" else f"127.0.0.1:{nobody}"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        cli.main(["bench", "safe", str(path)])
    assert ended.value.code == (7 if gone == "matrix" else 0)
    assert float(other.query("print(smua.source.output)")) == 0
    assert float(other.query("print(smua.source.levelv)")) == 0
    if gone == "matrix":
        assert "no 707B answers at" in capsys.readouterr().err


class StoppedClock(VirtualClock):
    """A clock that is asked over a link which has broken."""

    def now(self) -> float:
        raise WireError("the clock is gone")


@pytest.mark.fault(30, "a ramp whose clock fails becomes a step; outputs go off all the same and are read back")
def test_a_ramp_without_a_clock_is_a_step(served: tuple[ServedBench, Path, Any]) -> None:
    made, _, other = served
    smu = Keithley2600(made.services[0].resource)
    try:
        state = SafeOrder({"smu": smu}, {}, StoppedClock(), {("smu", "a"): SafePolicy(ramp=0.1)}).run()
    finally:
        smu.adapter.close()
    assert state.confirmed
    assert float(other.query("print(smua.source.output)")) == 0
