"""`nwlab gui`: the window in which runs are made up, rehearsed and started."""

from __future__ import annotations

import argparse

from nwlab.core.errors import UsageError
from nwlab.live import qt_trouble


def main(options: argparse.Namespace) -> int:
    """Show the window until it is closed."""
    trouble = qt_trouble.before_import()
    if trouble:
        raise UsageError(trouble)
    try:
        from nwlab.live.start.app import main as show
    except ImportError as error:
        trouble = qt_trouble.of_import(error)
        if not trouble:
            raise
        raise UsageError(trouble) from error
    from nwlab.lab.catalogue import catalogue

    return show(catalogue(), options.out)
