"""`nwlab stop`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from nwlab.core import lock
from nwlab.core.clock import Clock, SystemClock
from nwlab.core.record import JOURNAL, MANIFEST
from nwlab.runs.recording import Run, load_run, read_manifest
from nwlab.runs.requests import Request, ask, is_waiting, withdraw

PATIENCE = 5.0
"""s in which a program that plays a run gives a sign of life, where its lock on the journal cannot be seen."""
_OFTEN = 0.05  # s between looks


def main(options: argparse.Namespace) -> int:
    """Have a run end after its present block, wait until it has, and tell how it stands."""
    run = load_run(options.run)
    was_running = not run.is_over
    if was_running:
        ask(run.path, Request.STOP)
        was_running = wait_for_end(run.path)
        run = load_run(run.path)
    if options.json:
        print(json.dumps({"was_running": was_running, **content(run)}))
    else:
        print(f"{run.path}: {'' if was_running else 'is not running; '}{standing(run)}")
    return 0


def wait_for_end(folder: Path, clock: Clock | None = None) -> bool:
    """Wait until a run that was asked to stop has ended; False when nobody plays it."""
    clock = clock or SystemClock()
    seen = clock.now()
    while read_manifest(folder / MANIFEST).get("status") == "running":
        if is_playing(folder, Request.STOP):
            seen = clock.now()
        elif clock.now() - seen > PATIENCE:
            withdraw(folder, Request.STOP)
            return False
        clock.sleep(_OFTEN)
    return True


def is_playing(folder: Path, request: Request) -> bool:
    """Whether there is a sign of life: the lock, or, where that cannot be seen, a request that was taken."""
    return lock.is_held(folder / JOURNAL) or not (lock.KNOWN or is_waiting(folder, request))


def content(run: Run) -> dict[str, object]:
    """Return what `--json` says about how a run stands."""
    return {
        "run": str(run.path),
        "status": run.status,
        "exit": run.exit_code,
        "reason": run.reason,
        "samples": run.samples,
        "drives": len(run.drives),
    }


def standing(run: Run) -> str:
    """Say how a run stands, in one line."""
    reason = f" ({run.reason})" if run.reason else ""
    return f"{run.status}{reason}, {run.samples} samples in {len(run.drives)} drives"
