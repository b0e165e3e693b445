"""`nwlab recover`."""

from __future__ import annotations

import argparse
import json

from nwlab.runs.recover import recover


def main(options: argparse.Namespace) -> int:
    """Mark a run that was cut off as what it is, and tell what it holds and what was dropped."""
    recovery = recover(options.run)
    run = recovery.run
    if options.json:
        content = {"run": str(run.path), "status": run.status, "samples": run.samples, "drives": len(run.drives)}
        print(json.dumps({**content, "dropped": str(run.dropped) if run.dropped else ""}))
    else:
        print(recovery)
    return 0
