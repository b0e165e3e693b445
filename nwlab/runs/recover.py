"""What a killed or damaged run still holds."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from nwlab.core.errors import StorageError, UsageError
from nwlab.core.record import MANIFEST, RESERVE
from nwlab.runs.appender import replace_json
from nwlab.runs.index import Dropped
from nwlab.runs.recording import Run, load_run, read_manifest


@dataclass(frozen=True, slots=True)
class Recovery:
    """The acknowledged part of a run, and what had to be left out."""

    run: Run
    dropped: Dropped

    def __str__(self) -> str:
        return f"{self.run.path}: {len(self.run.drives)} drives with {self.run.samples} samples kept; {self.dropped}"


def recover(path: str | Path) -> Recovery:
    """Open what was acknowledged of a run and mark a cut-off run as interrupted in its `run.json`.

    Journal and samples are never altered. Raises FileError when there is no run, UsageError while it is being written,
    StorageError when it cannot be marked.
    """
    run = load_run(path)
    if run.status == "running":
        raise UsageError(f"{run.path} is still being written; wait for its end or stop it with: nwlab stop {run.path}")
    if run.exit_code is None:
        _mark(run)
    return Recovery(load_run(path), run.dropped)


def _mark(run: Run) -> None:
    manifest = run.path / MANIFEST
    content = {key: value for key, value in read_manifest(manifest).items() if key not in ("exit", "ended")}
    content |= {"status": "interrupted", "reason": "cut off; recovered later", "recovered": str(run.dropped)}
    try:
        (run.path / RESERVE).unlink(missing_ok=True)
        replace_json(manifest, content)
    except OSError as error:
        raise StorageError(
            f"{manifest} cannot be marked: {error.strerror}; the samples are readable as they are"
        ) from error
