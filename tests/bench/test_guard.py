"""What was found on stays as it is until somebody decides, and a tripped interlock bars the bench."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvisa
from machine.laboratory import Laboratory

from nwlab import cli
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError, UnsafeError, WireError
from nwlab.core.reading import join
from nwlab.core.safe_state import SafePolicy
from nwlab.drivers.keithley2600 import Keithley2600
from nwlab.lab.opening import open_bench
from nwlab.lab.serving import ServedBench
from nwlab.virtual.witness import Moment

DRIVE = Drive(np.full(1, 0.05), (Force(0, Quantity.VOLTAGE, np.full(1, 0.2), 5e-4, low=1),))
STATE = "print(smua.source.output, smua.source.levelv)"


@pytest.fixture
def left_on(tmp_path: Path) -> Iterator[tuple[Path, Any]]:
    """A served bench whose output another program left on at 0.3 V, and that program's link."""
    with ServedBench("smu-on-resistor", speed=50.0) as served:
        manager = pyvisa.ResourceManager("@py")
        other: Any = manager.open_resource(served.services[0].resource, read_termination="\n", write_termination="\n")
        other.write("smua.source.levelv = 0.3 smua.source.output = 1")
        other.query("*OPC?")
        yield served.write(tmp_path / "b.toml"), other
        other.close()
        manager.close()


@pytest.mark.fault(21, "an output found on is reported, every drive is refused, and closing leaves it as it was")
def test_an_output_found_on_is_told_and_left(left_on: tuple[Path, Any]) -> None:
    path, other = left_on
    with open_bench(path, separate=False) as chip:
        assert [name.split()[-1] for name in chip.about.found_on] == ["a"]
        with pytest.raises(DriveError, match=r"a: found on when the bench was opened; nothing was changed.*bench safe"):
            chip.apply(DRIVE)
        assert other.query(STATE) == "1.00000e+00\t3.00000e-01"
    assert other.query(STATE) == "1.00000e+00\t3.00000e-01"
    assert chip.safe_state is not None
    assert "nothing was touched: left as found" in str(chip.safe_state)
    assert not chip.safe_state.confirmed


@pytest.mark.fault(21, "where the bench file allows it, it is brought down before the first drive, not before")
def test_the_bench_file_may_allow_to_take_it_over(left_on: tuple[Path, Any]) -> None:
    path, other = left_on
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('channel = "a"', 'channel = "a"\nsafe = { take_over = true }', 1), encoding="utf-8")
    with open_bench(path, separate=False) as chip:
        assert other.query(STATE) == "1.00000e+00\t3.00000e-01"
        assert join(list(chip.apply(DRIVE))).current[0, 0] == pytest.approx(2e-5, rel=5e-3)
    assert float(other.query("print(smua.source.output)")) == 0


@pytest.mark.fault(21, "once taking over has begun, closing brings it down, whatever kept the drive from being played")
def test_what_was_half_taken_over_is_ours(left_on: tuple[Path, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    path, other = left_on
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('channel = "a"', 'channel = "a"\nsafe = { take_over = true }', 1), encoding="utf-8")
    with open_bench(path, separate=False) as chip:
        monkeypatch.setattr(Keithley2600, "rest", broken)
        monkeypatch.setattr(Keithley2600, "switch_off", broken)
        with pytest.raises((UnsafeError, WireError)):
            list(chip.apply(DRIVE))
        monkeypatch.undo()
        assert float(other.query("print(smua.source.output)")) == 1
    assert float(other.query("print(smua.source.output)")) == 0


def broken(*_: object) -> None:
    raise WireError("the line is noisy")


def test_a_served_bench_is_looked_at_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    for act in ("check", "safe", "arm"):
        with pytest.raises(SystemExit, match="2"):
            cli.main(["bench", act, "tcp://127.0.0.1:4711"])
        assert f"`nwlab bench {act} BENCH` on that computer" in capsys.readouterr().err


def test_bench_safe_brings_it_down(left_on: tuple[Path, Any], capsys: pytest.CaptureFixture[str]) -> None:
    path, other = left_on
    with pytest.raises(SystemExit, match="0"):
        cli.main(["bench", "check", str(path)])
    assert "a: on" in capsys.readouterr().out
    assert other.query(STATE) == "1.00000e+00\t3.00000e-01"
    with pytest.raises(SystemExit, match="0"):
        cli.main(["bench", "safe", str(path)])
    assert "outputs a, b off" in capsys.readouterr().out
    assert other.query(STATE) == "0.00000e+00\t0.00000e+00"


@pytest.mark.fault(21, "once the user or the bench file says so, its level comes down by its ramp, then off, then open")
@pytest.mark.parametrize("take_over", [False, True])
def test_what_was_found_on_comes_down_by_its_ramp(tmp_path: Path, take_over: bool) -> None:
    lab = Laboratory(tmp_path, "resistors", "steps")
    lab._policies = {("smu", "a"): SafePolicy(ramp=50.0, take_over=take_over)}
    lab.matrix.receive(b'channel.close("1A01,1B03")\n')
    lab.smu.receive(b"smua.source.levelv = 3 smua.source.output = 1\n")
    moments: list[Moment] = []
    lab.world.watch(moments.append)
    chip = lab.open()
    assert chip.bench is not None
    assert chip.bench.found_on == ("smu a",)
    if take_over:
        assert moments == []
        list(chip.apply(DRIVE))
    else:
        with pytest.raises(DriveError, match="found on when the bench was opened"):
            chip.apply(DRIVE)
        assert (moments, lab.driven()) == ([], ["output a", "relay 1A01", "relay 1B03"])
        chip.make_safe(everything=True).demand()
        assert lab.driven() == []
    way = [(each.time, each.potentials["N"] - each.potentials["S"]) for each in moments if each.after]
    end = next(index for index, (_, volts) in enumerate(way) if abs(volts) < 0.01)
    down = [3.0, *(volts for _, volts in way[: end + 1])]
    assert all(0 <= one - two < 0.6 for one, two in pairwise(down))
    assert way[end][0] - moments[0].time == pytest.approx(3 / 50, abs=0.015)
    assert all(abs(across) < 0.02 for each in moments for across in each.moving.values())
    chip.close()
    assert lab.driven() == []
