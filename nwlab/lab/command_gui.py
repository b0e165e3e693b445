"""`nwlab gui`: the window in which runs are made up, rehearsed and started."""

from __future__ import annotations

import argparse

from nwlab.live import qt_trouble


def main(options: argparse.Namespace) -> int:
    """Show the window until it is closed."""
    program = qt_trouble.load("nwlab.live.start.app")
    from nwlab.lab.catalogue import catalogue

    return int(program.main(catalogue(), options.out))
