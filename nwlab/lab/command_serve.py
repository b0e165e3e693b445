"""`nwlab serve`."""

from __future__ import annotations

import argparse
import json
import os
import sys
import threading

from nwlab.core.errors import Terminated
from nwlab.lab.serving import ServedBench
from nwlab.runs.interrupts import interrupts


def main(options: argparse.Namespace) -> int:
    """Serve until stopped; print one line when ready."""
    with (
        interrupts(),
        ServedBench(
            options.bench,
            chip=options.chip,
            speed=options.speed,
            port=options.port,
            seed=options.seed,
            faults=options.faults,
        ) as served,
    ):
        if options.write:
            print(f"wrote {served.write(options.write)}", file=sys.stderr)
        print(_ready(served, as_json=options.json), flush=True)
        try:
            threading.Event().wait()
        except (KeyboardInterrupt, Terminated):
            print("nwlab: stopped", *(served.faults.told() if served.faults else ()), sep="\nnwlab: ", file=sys.stderr)
    return 0


def _ready(served: ServedBench, *, as_json: bool) -> str:
    if as_json:
        instruments = [
            {
                "name": service.name,
                "model": service.model,
                "resource": service.resource,
                "host": service.host,
                "port": service.port,
            }
            for service in served.services
        ]
        return json.dumps({"instruments": instruments, "clock": served.clock, "pid": os.getpid()})
    lines = [f"{service.name} ({service.model}): {service.resource}" for service in served.services]
    return "\n".join([*lines, f"clock: {served.clock}", "serving; Ctrl-C stops"])
