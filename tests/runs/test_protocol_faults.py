"""A protocol with a fault in it: wherever it stands, the chip is made safe, the data are kept, the fault is told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Generator
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, force, volts

from nwlab.core.chip import CheckedChip
from nwlab.core.drive import Drive
from nwlab.core.errors import NwlabError
from nwlab.core.reading import Reading
from nwlab.core.record import RunInfo
from nwlab.runs.player import Drives
from nwlab.runs.recording import load_run
from nwlab.runs.runner import record_run

Protocol = Callable[[], Drives]


def before_the_first_drive() -> Drives:
    raise ZeroDivisionError("planted")
    yield volts([1])


def between_drives() -> Drives:
    yield volts([1, 2])
    raise KeyError("planted")


def after_a_held_level() -> Drives:
    yield Drive(np.full(2, 0.1), (force([1, 2]),), hold=True)
    raise ValueError("planted")


def in_a_drive_that_cannot_be() -> Drives:
    yield volts([1, 2])
    yield volts([np.nan])


def something_else_than_a_drive() -> Drives:
    yield volts([1, 2])
    yield [1, 2, 3]  # type: ignore[misc]


def by_endless_recursion() -> Drives:
    yield volts([1, 2])
    yield from by_endless_recursion_without_drives()


def by_endless_recursion_without_drives() -> Drives:
    yield from by_endless_recursion_without_drives()


def by_leaving_the_program() -> Drives:
    yield volts([1, 2])
    sys.exit(0)


def by_an_exception_of_its_own_kind() -> Drives:
    class Planted(BaseException):
        pass

    yield volts([1, 2])
    raise Planted


def by_stopping_as_generators_must_not() -> Drives:
    yield volts([1, 2])
    raise StopIteration  # noqa: PLR1708 - the fault that is planted


FAULTS = [
    (before_the_first_drive, 0),
    (between_drives, 2),
    (after_a_held_level, 2),
    (in_a_drive_that_cannot_be, 2),
    (something_else_than_a_drive, 2),
    (by_endless_recursion, 2),
    (by_leaving_the_program, 2),
    (by_an_exception_of_its_own_kind, 2),
    (by_stopping_as_generators_must_not, 2),
]


@pytest.mark.fault(
    24, "A fault anywhere in a protocol: chip closed once, samples kept, failed with a code other than 0."
)
@pytest.mark.parametrize(("protocol", "samples"), FAULTS, ids=[protocol.__name__ for protocol, _ in FAULTS])
def test_a_fault_in_a_protocol_ends_the_run_safely(tmp_path: Path, protocol: Protocol, samples: int) -> None:
    chip = OhmicChip()
    with pytest.raises(BaseException) as caught:  # noqa: PT011 - each fault has an exception of its own
        record_run(protocol(), CheckedChip(chip), tmp_path / "r", RunInfo("x"), close=True)
    run = load_run(tmp_path / "r")
    assert not isinstance(caught.value, SystemExit)
    assert (chip.closed, run.status, run.samples) == (1, "failed", samples)
    assert run.exit_code not in (0, None)
    tracebacks = [note["content"]["text"] for note in run.notes if note["kind"] == "traceback"]
    if isinstance(caught.value, NwlabError):
        assert run.reason == str(caught.value)
    else:
        assert protocol.__name__ in tracebacks[0]


@pytest.mark.fault(
    24, "A fault in a protocol's own clean-up does not keep the chip from its safe state, nor hide the cause."
)
@pytest.mark.parametrize("fault", ["raises", "yields", "leaves"])
def test_a_fault_in_the_clean_up_of_a_protocol_changes_nothing(tmp_path: Path, fault: str) -> None:
    chip = OhmicChip()
    safe: list[int] = []

    def protocol() -> Generator[Drive, Reading, None]:
        try:
            yield volts([1, 2])
            yield volts([9])
        finally:
            safe.append(chip.closed)
            if fault == "raises":
                raise OSError("planted later")
            if fault == "yields":
                yield volts([3])
            sys.exit(0)

    with pytest.raises(NwlabError, match="exceeds the limit") as caught:
        record_run(protocol(), CheckedChip(chip), tmp_path / "r", RunInfo("x"), close=True)
    run = load_run(tmp_path / "r")
    assert safe == [1], "the chip is safe before the protocol cleans up"
    assert (run.status, run.exit_code, run.samples) == ("failed", 4, 2)
    assert "the protocol's own clean-up failed" in " ".join(caught.value.__notes__)


STEPS = """
import numpy as np
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol.kinds import Play, Terminal

def faulty(source: Terminal, sink: Terminal) -> Play:
    reading = yield Drive(np.full(5, 0.1), (Force(source, Quantity.VOLTAGE, np.full(5, 0.1), 1e-4, low=sink),))
    reading.curent
"""
PROTOCOL = """
name = "faulty"
use = ["faulty.py"]
[[step]]
do = "faulty"
source = "A"
sink = "B"
"""


@pytest.mark.fault(
    24, "On a bench: outputs off and relays open, read back; samples kept; the traceback is in the journal."
)
def test_a_faulty_step_on_a_bench(tmp_path: Path) -> None:
    (tmp_path / "faulty.toml").write_text(PROTOCOL)
    (tmp_path / "faulty.py").write_text(STEPS)
    command = [sys.executable, "-m", "nwlab", "run", "faulty.toml", "--bench", "virtual"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert "safe state confirmed" in done.stderr
    (folder,) = (tmp_path / "runs").iterdir()
    run = load_run(folder)
    assert (run.status, run.exit_code, run.samples) == ("failed", 1, 5)
    (text,) = [note["content"]["text"] for note in run.notes if note["kind"] == "traceback"]
    assert "faulty.py" in text
    assert "curent" in text
