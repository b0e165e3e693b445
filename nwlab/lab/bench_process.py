"""The process that holds the instruments: how it is started, and what it does.

It leads a session of its own, so that Ctrl-C and a closed terminal do not reach it, and has one end of a socket pair
whose other end dies with the control program. The control program waits for its end as well: should it die without
having made safe, the instruments are reached over fresh links from here; what that needs is imported beforehand.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import asdict
from types import FrameType
from typing import Any

from nwlab.core.errors import UsageError
from nwlab.core.record import Document
from nwlab.core.safe_state import SafeState
from nwlab.lab.opening import About, BenchOrder, OpenChip, open_here
from nwlab.lab.registry import load
from nwlab.remote.failure import failure_message
from nwlab.remote.guest import RemoteChip
from nwlab.remote.host import Host
from nwlab.remote.logbook import Logbook
from nwlab.remote.pipe import Pipe

CONFIRMED, NOT_CONFIRMED = 0, 7
"""Exit codes of the bench process; any other means that it died."""


def open_apart(order: BenchOrder) -> OpenChip:
    """Open a bench in a process of its own; raises what opening it here would raise."""
    if os.name != "posix":
        raise UsageError(
            "a bench process needs a POSIX system; write separate = false into [process] of the bench file"
        )
    near, far = socket.socketpair()
    words = json.dumps({"order": asdict(order), "socket": far.fileno()})
    process = subprocess.Popen(
        [sys.executable, "-m", "nwlab.lab.bench_process", words],
        pass_fds=(far.fileno(),),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        start_new_session=True,
    )
    far.close()
    _prepare(order)
    rescuer = Rescuer(order, process)
    with ExitStack() as stack:
        stack.callback(process.wait)
        pipe = Pipe(near)
        stack.callback(pipe.close)
        chip = RemoteChip(pipe, rescuer)
        rescuer.watch()
        links = stack.pop_all()
    return OpenChip(chip, about_of(chip.about), links)


def _prepare(order: BenchOrder) -> None:
    """Import what fresh links would need, while the other process opens the bench."""
    file = order.file
    for entry in (*file.smus, *file.matrices):
        load("driver", entry.driver, file.path.parent)
    if file.addresses:
        import pyvisa

        pyvisa.ResourceManager()  # the default one, which drivers open their links with


class Rescuer:
    """Makes the instruments safe over fresh links, once, whoever notices first that their process has died."""

    def __init__(self, order: BenchOrder, process: subprocess.Popen[bytes]) -> None:
        self._order, self._process = order, process
        self._once = threading.Lock()
        self._state: SafeState | None = None

    def watch(self) -> None:
        """Notice the death of the process also while the control program is busy."""
        threading.Thread(target=self._wait, name="nwlab watches the bench process", daemon=True).start()

    def __call__(self) -> SafeState:
        """Return what was read back; raises what keeps fresh links from the instruments."""
        with self._once:
            if self._state is None:
                self._state = self._rescue()
            return self._state

    def _wait(self) -> None:
        if self._process.wait() not in (CONFIRMED, NOT_CONFIRMED):
            try:
                self()
            except Exception as error:  # it is raised again where the control program asks
                print(f"nwlab: no fresh links to the instruments: {error}", file=sys.stderr)

    def _rescue(self) -> SafeState:
        file = self._order.file
        if self._order.virtual or not file.addresses:
            return SafeState(found=("the simulated instruments ended with their process",))
        self._process.kill()  # two masters on one instrument would be worse than none
        self._process.wait()
        chip = open_here(self._order)
        try:
            return chip.make_safe(everything=True)
        finally:
            chip.let_go()


def about_words(chip: OpenChip, heartbeat: float) -> dict[str, Any]:
    """Return what a control program is told first."""
    limits = [chip.limits.voltage, chip.limits.current]
    return {
        "terminals": chip.terminals,
        "limits": limits,
        "heartbeat": heartbeat,
        "about": asdict(chip.about),
        "pid": os.getpid(),
    }


def about_of(words: Mapping[str, Any]) -> About:
    """Return what `about_words` told."""
    about: dict[str, Any] = dict(words["about"])
    about["documents"] = {name: Document(**each) for name, each in about["documents"].items()}
    about["found_on"] = tuple(about["found_on"])
    return About(**about)


def _work(order: BenchOrder, pipe: Pipe) -> int:
    """Open the bench and serve it; returns the exit code."""
    try:
        chip = open_here(order)
    except Exception as error:
        pipe.send(failure_message(error))
        return CONFIRMED
    deadlines, logbook = order.file.process.deadlines, Logbook("bench process")
    main = threading.main_thread().ident or 0
    host = Host(chip, pipe, deadlines, logbook, interrupt=lambda: signal.pthread_kill(main, signal.SIGUSR1))

    def strike(_number: int, _frame: FrameType | None) -> None:
        host.strike()

    def end(_number: int, _frame: FrameType | None) -> None:
        host.trip("the system asked the bench process to end")

    signal.signal(signal.SIGUSR1, strike)
    signal.signal(signal.SIGTERM, end)
    state = host.serve(about_words(chip, deadlines.heartbeat))
    if host.reason:
        print(f"nwlab bench process: {host.reason}; {state}", file=sys.stderr)
    chip.let_go()
    return CONFIRMED if state.confirmed else NOT_CONFIRMED


def main() -> int:
    """Run as the bench process."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    words = json.loads(sys.argv[1])
    return _work(BenchOrder(**words["order"]), Pipe(socket.socket(fileno=words["socket"])))


if __name__ == "__main__":
    sys.exit(main())
