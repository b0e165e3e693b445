"""What the report tells of a run, read from its record once."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from nwlab.plot.views import Curve, curves
from nwlab.report.numbers import Numbers, numbers
from nwlab.report.steps import Step, steps_of
from nwlab.runs.recording import Run


@dataclass(frozen=True, eq=False)
class Digest:
    """A run, its samples as curves, and when the report was made."""

    run: Run
    drawn: list[Curve]
    numbers: list[Numbers]
    steps: list[Step]
    made: datetime

    @property
    def duration(self) -> float:
        """From the first level to the end of the last drive on the chip's clock, s."""
        return self.steps[-1].end if self.steps else 0.0

    @property
    def was_cut_off(self) -> bool:
        """Whether the program that played the run left no end."""
        return not self.run.is_over and self.run.status != "running"

    def declared(self, document: str) -> Mapping[str, Any]:
        """Return the content of a TOML file as it was then; empty when there is none, or it says nothing."""
        found = self.run.info.documents.get(document)
        try:
            return tomllib.loads(found.text) if found is not None else {}
        except tomllib.TOMLDecodeError:
            return {}


def digest(run: Run, made: datetime) -> Digest:
    """Read a run; raises StorageError when its files were altered meanwhile."""
    drawn = curves(run.rows(), run.terminals)
    return Digest(run, drawn, [numbers(curve) for curve in drawn], steps_of(run, drawn), made)
