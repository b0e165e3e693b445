"""A bench in a process of its own, from the control program's side: its start, and what happens when it dies."""

from __future__ import annotations

import json
import os
import site
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

import nwlab
from nwlab.core.errors import UsageError
from nwlab.core.safe_state import SafeState
from nwlab.lab.bench_process import CONFIRMED, NOT_CONFIRMED, about_of, complain
from nwlab.lab.bench_table import BenchOrder, Table
from nwlab.lab.open_chip import OpenChip
from nwlab.remote.guest import RemoteChip
from nwlab.remote.lifeline import Lifeline
from nwlab.remote.pipe import Pipe

_PARTING = 10.0  # s that a bench process may take to end when there is nothing to make safe any more


def open_apart(order: BenchOrder) -> OpenChip:
    """Open a bench in a process of its own; raises what opening it here would raise."""
    if os.name != "posix":
        raise UsageError("a bench process needs a POSIX system: write separate = false into [process] of the bench")
    near, far = socket.socketpair()
    ours, theirs = Lifeline.new(), Lifeline.new()
    with ExitStack() as stack:
        if ours is not None:
            ours.hold()
            stack.callback(ours.let_go)
        process = _start(order, far, ours, theirs)
        rescuer = Rescuer(order, process)
        stack.callback(rescuer.part)
        pipe = Pipe(near)
        stack.callback(pipe.close)
        rescuer.warm_up()
        chip = RemoteChip(pipe, rescuer)
        rescuer.look_after(chip)
        if theirs is not None:
            theirs.on_death(rescuer.notice)
        links = stack.pop_all()
    return OpenChip(chip, about_of(chip.about), links)


def _start(
    order: BenchOrder, far: socket.socket, ours: Lifeline | None, theirs: Lifeline | None
) -> subprocess.Popen[bytes]:
    lines = () if ours is None or theirs is None else (ours.descriptor, theirs.descriptor)
    ends = (far.fileno(), *lines)
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "nwlab.lab.bench_process", json.dumps({"order": asdict(order), "ends": ends})],
        env=environment(),
        pass_fds=ends,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    far.close()
    return process


def environment() -> dict[str, str]:
    """Return what lets another process find this very package, but no modules of the folder it is started in."""
    parent = str(Path(nwlab.__file__).resolve().parents[1])
    places = [place for place in os.environ.get("PYTHONPATH", "").split(os.pathsep) if place]
    if parent not in (*site.getsitepackages(), site.getusersitepackages()):
        places.append(parent)
    return {**os.environ, "PYTHONPATH": os.pathsep.join(places)}


class Rescuer:
    """Makes the instruments safe over fresh links, once, whoever notices first that their process has died."""

    def __init__(self, order: BenchOrder, process: subprocess.Popen[bytes]) -> None:
        self._order, self._process = order, process
        self._once = threading.Lock()
        self._state: SafeState | None = None
        self._chip: RemoteChip | None = None
        self._parted = False

    def warm_up(self) -> None:
        """Read and import beforehand what fresh links will need, while the other process opens the bench.

        Raises FileError or UsageError.
        """
        self._table.warm_up()

    def look_after(self, chip: RemoteChip) -> None:
        """From now on there is something to rescue as soon as the chip was driven."""
        self._chip = chip

    def __call__(self) -> SafeState:
        """Return what was read back; raises what keeps fresh links from the instruments."""
        with self._once:
            if self._state is None:
                self._state = self._rescue()
            return self._state

    def notice(self) -> None:
        """Make safe while the control program is busy; what fails here is raised again where it asks.

        Instruments that were never driven, or are safe already, are not touched: somebody else may have them by now.
        """
        if not self._is_at_stake or self._parted:
            return
        try:
            self()
        except Exception as error:
            complain(f"nwlab: no fresh links to the instruments: {error}")

    def part(self) -> None:
        """Let the process end by itself, after it has made safe; make safe in its stead when it does not get there."""
        chip = self._chip
        try:
            self._process.wait(chip.safe_within if chip is not None and chip.at_stake else _PARTING)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if self._process.wait() not in (CONFIRMED, NOT_CONFIRMED):
            self.notice()
        self._parted = True

    @property
    def _is_at_stake(self) -> bool:
        return self._chip is not None and self._chip.at_stake

    @cached_property
    def _table(self) -> Table:
        return Table(self._order)

    def _rescue(self) -> SafeState:
        self._process.kill()  # two masters on one instrument would be worse than none
        # The dead process held the lease for us; after parting another program may have it.
        return self._table.make_safe(lease=self._parted)
