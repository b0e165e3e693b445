"""What the record has of a stretch of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from nwlab.runs.index import Index


@dataclass(frozen=True, slots=True)
class RecordDetail:
    """Reads a run's folder."""

    folder: Path
    index: Callable[[], Index]
