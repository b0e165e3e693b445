"""`nwlab serve-bench`."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys

from nwlab.core.errors import Terminated
from nwlab.lab.bench_table import BenchOrder
from nwlab.lab.places import find
from nwlab.lab.served_bench import TOKEN, BenchService
from nwlab.runs.interrupts import interrupts


def main(options: argparse.Namespace) -> int:
    """Hold a bench open for others until stopped; print one line when ready."""
    order = BenchOrder(str(find("bench", options.bench)), options.virtual, options.chip, options.seed)
    with interrupts():
        service = BenchService(order, options.log, options.host, options.port)
        try:
            with contextlib.suppress(KeyboardInterrupt, Terminated):
                print(_ready(service, as_json=options.json), flush=True)
                service.serve()
        finally:
            state = service.close()
            state.demand()
    print(f"nwlab: {state}", file=sys.stderr)
    return 0


def _ready(service: BenchService, *, as_json: bool) -> str:
    if as_json:
        return json.dumps({"address": service.address, "token": service.token, "pid": os.getpid()})
    return f"{service.address}\n{TOKEN}={service.token}\nserving; Ctrl-C makes safe and stops"
