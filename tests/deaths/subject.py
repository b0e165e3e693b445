"""A control program that says on stdout what its record has acknowledged: `samples N` after each block."""

from __future__ import annotations

import os
import sys

from nwlab import cli
from nwlab.core.events import BlockArrived, Event
from nwlab.runs import runner


class Telling(runner.Store):
    def __call__(self, event: Event) -> None:
        super().__call__(event)
        if isinstance(event, BlockArrived):
            os.write(1, f"samples {self.samples}\n".encode())


runner.Store = Telling  # type: ignore[misc]

if __name__ == "__main__":
    cli.main(sys.argv[1:])
