"""The process that holds the instruments.

It leads a session of its own, so that Ctrl-C and a closed terminal do not reach it, and has one end of a socket pair
whose other end dies with the control program. Each of the two processes holds a lifeline, too, by which the other one
notices its death at once.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict
from types import FrameType
from typing import Any

from nwlab.bench.lease import folder
from nwlab.core.record import Document
from nwlab.drivers.link import SETTINGS
from nwlab.lab.bench_file import BenchFile
from nwlab.lab.bench_table import BenchOrder, Table
from nwlab.lab.open_chip import About, OpenChip
from nwlab.remote.failure import failure_message
from nwlab.remote.host import GONE, Host
from nwlab.remote.lifeline import Lifeline
from nwlab.remote.logbook import Logbook
from nwlab.remote.pipe import Pipe

CONFIRMED, NOT_CONFIRMED = 0, 7


_ANSWER = float(SETTINGS["timeout"]) / 1e3  # s that an instrument may take to answer
_SILENT_ANSWERS = 6
"""Answers that may fail to come between two words of a bench process that plays a drive, each after its whole time-out:
a question, the identity when the link is brought back into step, both once more, and both again on the way to rest. In
between it says every half heartbeat that the drive goes on."""
_SAFE_ANSWERS = 20
"""Answers that may fail to come from one instrument while it is made safe: five acts (levels, off-mode, output or
relays, and both read back), each tried twice with a question and the identity."""


def about_words(chip: OpenChip, file: BenchFile) -> dict[str, Any]:
    """Return what a control program is told first, with the s of silence after which it may take this side for hung."""
    descent = max((each.deadline for each in file.policies.values() if each.ramp or each.current_ramp), default=0.0)
    instruments = len({entry.address for entry in (*file.smus, *file.matrices)})
    return {
        "terminals": chip.terminals,
        "limits": [chip.limits.voltage, chip.limits.current],
        "heartbeat": file.process.deadlines.heartbeat,
        "silence": descent + _SILENT_ANSWERS * _ANSWER,
        "safe_within": descent + instruments * _SAFE_ANSWERS * _ANSWER,
        "about": asdict(chip.about),
        "pid": os.getpid(),
    }


def about_of(words: Mapping[str, Any]) -> About:
    """Return what `about_words` told."""
    about: dict[str, Any] = dict(words["about"])
    about["documents"] = {name: Document(**each) for name, each in about["documents"].items()}
    about["found_on"] = tuple(about["found_on"])
    return About(**about)


def main() -> int:
    """Run as the bench process; returns 7 when the safe state could not be confirmed, else 0."""
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    words = json.loads(sys.argv[1])
    link, *lines = words["ends"]
    theirs, ours = map(Lifeline, lines) if lines else (None, None)
    if ours is not None:
        ours.hold()
    try:
        return _work(BenchOrder(**words["order"]), Pipe(socket.socket(fileno=link)), theirs)
    finally:
        if ours is not None:
            ours.let_go()


def _work(order: BenchOrder, pipe: Pipe, theirs: Lifeline | None) -> int:
    """Open the bench and serve it."""
    try:
        chip = Table(order).open()
    except Exception as error:
        pipe.send(failure_message(error))
        return CONFIRMED
    deadlines, logbook = order.file.process.deadlines, Logbook("bench process")
    logbook.move(str(folder() / f"bench-process-{os.getuid()}.log"))  # until there is a run to keep it beside
    main = threading.main_thread().ident or 0
    host = Host(chip, pipe, deadlines, logbook, interrupt=lambda: signal.pthread_kill(main, signal.SIGUSR1))
    _listen_to(host)
    if theirs is not None:
        theirs.on_death(lambda: host.trip(GONE))
    state = host.serve(about_words(chip, order.file))
    chip.let_go()
    if host.reason:
        complain(f"nwlab bench process: {host.reason}; {state}")
    for line in chip.table.faults.told() if chip.table is not None and chip.table.faults is not None else ():
        complain(f"nwlab: {line}")
    return NOT_CONFIRMED if state.failures else CONFIRMED


def complain(text: str) -> None:
    """Write a line for whoever still reads it; a closed terminal keeps nobody from going on."""
    with contextlib.suppress(OSError, ValueError):
        print(text, file=sys.stderr)


def _listen_to(host: Host) -> None:
    def strike(_number: int, _frame: FrameType | None) -> None:
        host.strike()

    def end(_number: int, _frame: FrameType | None) -> None:
        host.trip("the system asked the bench process to end")

    signal.signal(signal.SIGUSR1, strike)
    signal.signal(signal.SIGTERM, end)


if __name__ == "__main__":
    sys.exit(main())
