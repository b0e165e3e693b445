"""The program of the window that starts runs."""

from __future__ import annotations

from nwlab.live import app
from nwlab.live.start.catalogue import Catalogue
from nwlab.live.start.window import StartWindow


def main(catalogue: Catalogue, out: str) -> int:
    """Show the window until it is closed; returns the exit code and raises as `app.show` does."""
    return app.show(lambda: StartWindow(catalogue, out))
