"""A bench in a process of its own: what is rescued when that dies, and what is left alone."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import pyvisa
from contract import play, volts
from virtual.faults.parrots import script_of

from nwlab.core.drive import Drive
from nwlab.core.errors import WireError
from nwlab.lab.apart import Rescuer
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import open_bench
from nwlab.lab.serving import ServedBench

pytestmark = pytest.mark.skipif(os.name != "posix", reason="a bench process needs a POSIX system")

HELD = Drive(np.full(2, 0.02), (volts(1.0, 1.0),), hold=True)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Path]:
    with ServedBench("virtual", chip="resistor-10k") as served:
        path = served.write(tmp_path / "served.toml")
        # Nothing hangs here, and a computer under load is not to look as if it did.
        path.write_text(f'{path.read_text(encoding="utf-8")}\n[process]\nheartbeat = "5 s"\n', encoding="utf-8")
        yield path


@pytest.fixture
def rescues(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """When instruments were reached over fresh links."""
    when: list[float] = []
    rescue = Rescuer._rescue

    def noted(self: Rescuer):  # type: ignore[no-untyped-def]
        when.append(time.monotonic())
        return rescue(self)

    monkeypatch.setattr(Rescuer, "_rescue", noted)
    return when


def kill(chip: OpenChip) -> None:
    assert chip._remote is not None
    os.kill(int(chip._remote.about["pid"]), signal.SIGKILL)
    time.sleep(0.5)


@pytest.mark.fault(29, "a bench process that dies while a level stands: safe at once, before the control program asks")
def test_what_was_driven_is_rescued_at_once(bench: Path, rescues: list[float]) -> None:
    chip = open_bench(bench, separate=True)
    play(chip, HELD)
    kill(chip)
    if sys.platform.startswith("linux"):
        assert len(rescues) == 1
    chip.close()
    assert len(rescues) == 1
    assert chip.safe_state is not None
    assert any("outputs a, b off" in line for line in chip.safe_state.found)


@pytest.mark.fault(29, "a bench process that dies before anything was driven: no instrument is touched, and it is told")
def test_what_was_not_driven_is_left_alone(bench: Path, rescues: list[float]) -> None:
    chip = open_bench(bench, separate=True)
    kill(chip)
    with pytest.raises(WireError, match="nothing had been driven, and the instruments were left as they were"):
        chip.apply(HELD)
    chip.close()
    assert rescues == []


def test_after_the_end_nothing_is_rescued(bench: Path, rescues: list[float]) -> None:
    chip = open_bench(bench, separate=True)
    play(chip, HELD)
    chip.close()
    time.sleep(0.2)
    assert rescues == []


@pytest.mark.fault(35, "a second program whose bench process cannot start does not touch what the first one drives")
def test_a_bench_process_that_cannot_start_touches_nothing(
    bench: Path, rescues: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_bench(bench, separate=False) as first:
        play(first, HELD)
        monkeypatch.setattr(sys, "executable", "/bin/false")
        with pytest.raises(WireError, match="nothing had been driven"):
            open_bench(bench, separate=True)
        assert first.bench is not None
        assert any(first.bench.outputs().values())
    assert rescues == []


def test_modules_of_the_current_folder_are_none_of_the_bench_process(
    bench: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "queue.py").write_text("raise RuntimeError('this is no module of Python')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep)
    with open_bench(bench, separate=True) as chip:
        assert play(chip, HELD).steps == 2


@pytest.mark.fault(25, "Ctrl-C while a close waits for a ramp: the ramp is not cut short by the program's end")
def test_an_interrupted_close_lets_the_bench_process_make_safe(bench: Path, rescues: list[float]) -> None:
    text = bench.read_text(encoding="utf-8")
    bench.write_text(text.replace('channel = "a"', 'channel = "a"\nsafe = { ramp = "1 V/s" }'), encoding="utf-8")
    chip = open_bench(bench, separate=True)
    play(chip, HELD)
    since = time.monotonic()
    main = threading.main_thread().ident or 0
    threading.Timer(0.2, lambda: signal.pthread_kill(main, signal.SIGINT)).start()
    with pytest.raises(KeyboardInterrupt):
        chip.close()
    assert time.monotonic() - since > 0.9
    assert rescues == []
    with open_bench(bench, separate=False) as after:
        assert after.about.found_on == ()


@pytest.mark.fault(12, "a link that the instrument closed for good: its output is off all the same, over a fresh one")
@pytest.mark.parametrize("word", ["closed", "reset"])
def test_what_a_broken_link_kept_on_goes_off_over_a_fresh_one(tmp_path: Path, word: str) -> None:
    faults = script_of(tmp_path, f'[[fault]]\nat = "a"\ndo = "{word}"\nmessage = "printbuffer"\nnth = 1\n')
    with ServedBench("virtual", chip="resistor-10k", faults=faults.path) as served:
        path = served.write(tmp_path / "served.toml")
        with open_bench(path, separate=True) as chip, pytest.raises(WireError):
            play(chip, HELD)
        assert chip.safe_state is not None
        assert chip.safe_state.confirmed, str(chip.safe_state)
        assert served.faults is not None
        assert served.faults.log
        manager = pyvisa.ResourceManager("@py")
        other: Any = manager.open_resource(served.services[0].resource, read_termination="\n", write_termination="\n")
        assert float(other.query("print(smua.source.output)")) == 0
        other.close()
        manager.close()
