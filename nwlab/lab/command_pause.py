"""`nwlab pause` and `nwlab continue`."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.errors import UsageError
from nwlab.lab.command_stop import PATIENCE, content, is_playing, standing
from nwlab.runs.recording import Run, load_run
from nwlab.runs.requests import Request, ask, is_waiting, withdraw

_OFTEN = 0.05  # s between looks
_REQUESTS = {"pause": Request.PAUSE, "continue": Request.CONTINUE}


def main(options: argparse.Namespace) -> int:
    """Ask for a pause between drives, with the chip at rest, or for its end; tell whether that was heard."""
    run, request = load_run(options.run), _REQUESTS[options.command]
    if run.is_over:
        raise _not_running(run)
    ask(run.path, request)
    heard = wait_until_heard(run, request)
    if options.json:
        print(json.dumps({**content(run), "request": options.command, "heard": heard}))
    else:
        print(f"{run.path}: {_told(run.path, request, heard=heard)}")
    return 0


def wait_until_heard(run: Run, request: Request, clock: Clock | None = None) -> bool:
    """Wait until a request was taken; False when the run is busy for longer. Raises UsageError when nobody plays it."""
    clock = clock or SystemClock()
    begun = clock.now()
    while is_waiting(run.path, request):
        if clock.now() - begun > PATIENCE:
            if is_playing(run.path, request):
                return False
            withdraw(run.path, request)
            raise _not_running(run)
        clock.sleep(_OFTEN)
    return True


def _told(folder: Path, request: Request, *, heard: bool) -> str:
    if request is Request.CONTINUE:
        return "goes on" if heard else "goes on as soon as it hears of it"
    when = "the present drive" if heard else "the present block, which takes long, and its drive"
    return f"pauses, with the chip at rest, after {when}; go on with: nwlab continue {folder}"


def _not_running(run: Run) -> UsageError:
    return UsageError(f"{run.path} is not running: {standing(run)}")
