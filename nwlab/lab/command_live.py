"""`nwlab live`: the window on a run that is played, or was."""

from __future__ import annotations

import argparse
import signal
import sys
from pathlib import Path

from nwlab import __version__
from nwlab.core.errors import FileError, UsageError
from nwlab.core.record import JOURNAL, MANIFEST
from nwlab.live import presence, qt_trouble

RUNS = Path("runs")


def main(options: argparse.Namespace) -> int:
    """Show a run until its window is closed."""
    folder = _newest() if options.run is None else Path(options.run)
    if not options.of_run and not _is_run(folder):
        raise FileError("is not the folder of a run: it has neither run.json nor a journal", folder)
    program = qt_trouble.load("nwlab.live.app")
    if options.of_run and hasattr(signal, "SIGHUP"):
        # Whoever froze this window, or closed the terminal of the run, did not mean to end it when the run ends.
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return int(program.main(folder, __version__, presence.announce if options.of_run else lambda: None))


def _newest() -> Path:
    """Return the run below ./runs that was written last, and say which."""
    found = [folder for folder in RUNS.glob("*/") if (folder / JOURNAL).is_file()]
    if not found:
        raise UsageError(f"there is no run below {RUNS.resolve()}; name the RUN to be shown")
    newest = max(found, key=lambda folder: (folder / JOURNAL).stat().st_mtime)
    print(f"nwlab: showing {newest}, the newest run below {RUNS}", file=sys.stderr)
    return newest


def _is_run(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (MANIFEST, JOURNAL))
