"""One program on an instrument at a time; what a dead one left is told, and a latch outlasts its process."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from nwlab.bench import lease
from nwlab.bench.lease import Lease
from nwlab.core.errors import UsageError

HOLDER = """
import sys, time
from nwlab.bench.lease import Lease
held = Lease(["GPIB0::26::INSTR"], "another run")
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture(autouse=True)
def locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NWLAB_LOCKS", str(tmp_path / "locks"))
    return tmp_path / "locks"


def holder() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=os.environ
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


@pytest.mark.fault(35, "the second program is refused and told who holds the instrument; nothing is sent")
def test_a_second_program_is_refused_and_told_who_drives() -> None:
    process = holder()
    try:
        with pytest.raises(UsageError, match=rf"gpib0::26::instr is in use by another run \(process {process.pid}"):
            Lease(["TCPIP0::10.0.0.1::INSTR", "gpib0::26::instr"], "me")
        Lease(["TCPIP0::10.0.0.1::INSTR"], "me").close()  # what was taken before the refusal was given back
    finally:
        process.kill()
        process.communicate()


@pytest.mark.fault(35, "what a dead program held can be had, and its end without letting go is told")
def test_what_a_dead_program_held_is_told() -> None:
    process = holder()
    process.kill()
    process.communicate()
    held = Lease(["GPIB0::26::INSTR"], "me")
    assert len(held.stale) == 1
    assert f"another run (process {process.pid}" in held.stale[0]
    held.close()
    again = Lease(["GPIB0::26::INSTR"], "me")
    assert again.stale == ()
    again.close()
    again.close()


def test_a_latch_outlasts_the_program_until_it_is_cleared() -> None:
    first = Lease(["GPIB0::26::INSTR", "GPIB0::16::INSTR"], "me")
    assert first.latch == ""
    first.latch = "the lid was opened"
    first.close()
    second = Lease(["GPIB0::16::INSTR"], "me")
    assert second.latch == "the lid was opened"
    second.latch = ""
    second.close()
    assert Lease(["GPIB0::16::INSTR"], "me").latch == ""


def test_an_address_is_one_however_it_is_written() -> None:
    held = Lease(["TCPIP::SMU.lab::5025::SOCKET", "GPIB::26"], "me")
    for other in ("tcpip0::smu.lab::5025::socket", "GPIB0::26::INSTR"):
        with pytest.raises(UsageError, match="is in use by me"):
            Lease([other], "another")
    held.close()


def test_every_user_of_the_computer_may_open_a_lock_file() -> None:
    before = os.umask(0o077)
    try:
        Lease(["GPIB0::26::INSTR"], "me").close()
    finally:
        os.umask(before)
    (path,) = lease.folder().iterdir()
    assert path.stat().st_mode & 0o777 == 0o666
    assert lease.folder().stat().st_mode & 0o7777 == 0o1777


@pytest.mark.skipif(not Path("/var/tmp").is_dir(), reason="this system has no folder that outlives a restart")
def test_locks_lie_where_a_restart_leaves_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NWLAB_LOCKS")
    assert str(lease.folder()).startswith("/var/tmp/")


def test_a_damaged_lock_file_is_no_hindrance() -> None:
    held = Lease(["GPIB0::26::INSTR"], "me")
    held.close()
    (path,) = lease.folder().iterdir()
    path.write_bytes(b"\x00\xff[")
    again = Lease(["GPIB0::26::INSTR"], "me")
    assert (again.latch, again.stale) == ("", ())
    again.close()
