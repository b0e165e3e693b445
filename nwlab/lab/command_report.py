"""`nwlab report`."""

from __future__ import annotations

import argparse
import json

from nwlab.report.report import write
from nwlab.runs.recording import load_run


def main(options: argparse.Namespace) -> int:
    """Write the report of a run and print where."""
    run = load_run(options.run)
    report = write(run, options.to)
    if options.json:
        pictures = [str(picture) for picture in report.pictures]
        content = {"run": str(run.path), "status": run.status, "report": str(report.path), "pictures": pictures}
        print(json.dumps({**content, "bytes": report.path.stat().st_size}))
    else:
        print(report.path)
    return 0
