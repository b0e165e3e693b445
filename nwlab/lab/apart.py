"""A bench in a process of its own, from the control program's side: its start, and what happens when it dies."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from contextlib import ExitStack
from dataclasses import asdict

from nwlab.core.errors import UsageError
from nwlab.core.safe_state import SafeState
from nwlab.lab.bench_process import about_of
from nwlab.lab.bench_table import BenchOrder, Table
from nwlab.lab.open_chip import OpenChip
from nwlab.remote.guest import RemoteChip
from nwlab.remote.lifeline import Lifeline
from nwlab.remote.pipe import Pipe

_PARTING = 10.0  # s


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
        stack.callback(_part, process)
        pipe = Pipe(near)
        stack.callback(pipe.close)
        rescuer = Rescuer(order, process)
        chip = RemoteChip(pipe, rescuer)
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
        [sys.executable, "-m", "nwlab.lab.bench_process", json.dumps({"order": asdict(order), "ends": ends})],
        pass_fds=ends,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    far.close()
    return process


def _part(process: subprocess.Popen[bytes]) -> None:
    """Let the process end by itself; it has made safe by now."""
    try:
        process.wait(_PARTING)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


class Rescuer:
    """Makes the instruments safe over fresh links, once, whoever notices first that their process has died."""

    def __init__(self, order: BenchOrder, process: subprocess.Popen[bytes]) -> None:
        """Read and import beforehand what fresh links will need, while the other process opens the bench."""
        self._process = process
        self._once = threading.Lock()
        self._state: SafeState | None = None
        self._table = Table(order)
        self._table.warm_up()

    def __call__(self) -> SafeState:
        """Return what was read back; raises what keeps fresh links from the instruments."""
        with self._once:
            if self._state is None:
                self._state = self._rescue()
            return self._state

    def notice(self) -> None:
        """Make safe while the control program is busy; what fails here is raised again where it asks."""
        try:
            self()
        except Exception as error:
            print(f"nwlab: no fresh links to the instruments: {error}", file=sys.stderr)

    def _rescue(self) -> SafeState:
        self._process.kill()  # two masters on one instrument would be worse than none
        return self._table.make_safe(lease=False)  # the dead process held it for us
