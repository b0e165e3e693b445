"""`--bench replay:RUN`: a run on record, opened as a chip that says in each record what it is."""

from __future__ import annotations

from collections.abc import Sequence

from nwlab.core.clock import PacedClock, VirtualClock
from nwlab.core.errors import UsageError
from nwlab.core.record import Document
from nwlab.lab.bench_table import checked_speed
from nwlab.lab.open_chip import About, OpenChip
from nwlab.runs.recording import Run, load_run
from nwlab.runs.replay import ReplayChip

_WATCHED = 0.1  # s, real, after which whoever watches a replay that is held back sees more of it


def open_replay(path: str, speed: float | None, unwanted: Sequence[str]) -> OpenChip:
    """Open a run's folder as a Chip that answers as the chip did then.

    `speed` holds it back to so many times real time; `unwanted` names options that were given and mean nothing here.
    Raises FileError when there is no run, UsageError for `unwanted` and for a run that is still being played.
    """
    if unwanted:
        raise UsageError(f"a replay has the chip and the readings of its record: leave {', '.join(unwanted)} out")
    run = load_run(path)
    if speed is None:
        chip = ReplayChip(run, VirtualClock(run.origin))
    else:
        chip = ReplayChip(run, PacedClock(checked_speed(speed), run.origin), _WATCHED * speed)
    return OpenChip(chip, _about(run))


def _about(run: Run) -> About:
    """Say what the record says of the chip, and that this is a replay."""
    info, origin = run.info, _origin(run)
    own = {name: each for name, each in info.documents.items() if name in ("bench", "chip", "faults")}
    return About(
        chip=info.chip,
        bench=f"replay of {info.bench or 'the model'}",
        seed=info.seed,
        documents={**own, "replay": Document(str(run.path.resolve()), origin)},
        identities=info.identities,
        remark=f"a replay, nothing is measured: {origin}",
    )


def _origin(run: Run) -> str:
    started = "" if run.started is None else f", recorded {run.started:%Y-%m-%d %H:%M:%S %z}"
    return f"{run.path.resolve()}{started}, SHA-256 of journal and samples {run.fingerprint}"
