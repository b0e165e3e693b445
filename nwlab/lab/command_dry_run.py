"""`nwlab dry-run`: what a protocol would do to this bench and chip."""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nwlab.bench.doubt import Doubt
from nwlab.core.errors import DriveError, UsageError
from nwlab.core.limits import Limits
from nwlab.core.own_code import printing_aside
from nwlab.core.record import DRY_RUN
from nwlab.core.units import duration, show
from nwlab.lab import command_run
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import MODEL, open_model, open_rehearsal
from nwlab.lab.running import Playing, load_protocol, suited, twin_beside, twin_order
from nwlab.lab.tally import Extremes, extremes
from nwlab.plot import pictures
from nwlab.plot.sparkline import sparkline
from nwlab.protocol.protocol import Protocol
from nwlab.runs.interrupts import interrupts
from nwlab.runs.progress import Progress
from nwlab.runs.recording import Run, load_run

if TYPE_CHECKING:
    from nwlab.lab.twin_link import TwinLink
    from nwlab.twin.order import TwinOrder


@dataclass(frozen=True)
class Outcome:
    """What a rehearsal showed."""

    chip: OpenChip
    run: Run | None  # None when it was refused as a whole
    refused: list[str]
    found: dict[str, Extremes]
    images: list[Path]

    @property
    def relays(self) -> dict[str, int]:
        """How often each crosspoint was closed."""
        counts = {} if self.chip.bench is None else self.chip.bench.relay_operations
        return {f"{matrix}:{row}{column:02d}": count for (matrix, row, column), count in sorted(counts.items())}

    @property
    def doubts(self) -> Mapping[str, Doubt]:
        """Readings with a large stated error, by terminal."""
        return {} if self.chip.bench is None else self.chip.bench.doubts


def main(options: argparse.Namespace) -> int:
    """Play on the virtual twin and tell what a careful person wants to know first."""
    protocol = load_protocol(options.protocol, **dict(options.set))
    order = twin_order(protocol, options.twin)
    with interrupts(), _open(options) as chip:
        order = suited(order, chip)
        with printing_aside():
            outcome = _rehearse(protocol, chip, options.out, order, draws=options.picture)
    print(json.dumps(_content(outcome)) if options.json else "\n".join(_lines(outcome)))
    return DriveError.exit_code if outcome.refused else 0


def _open(options: argparse.Namespace) -> OpenChip:
    if not options.model:
        return open_rehearsal(options.bench or "virtual", chip=options.chip, seed=options.seed)
    if options.bench:
        raise UsageError("--model plays without instruments: leave --bench out")
    return open_model(options.chip or MODEL, seed=options.seed)


def _rehearse(protocol: Protocol, chip: OpenChip, out: str, order: TwinOrder | None, *, draws: bool) -> Outcome:
    try:
        playing = Playing(protocol, chip, out, suffix=DRY_RUN)
    except DriveError as error:
        return Outcome(chip, None, ["; ".join([str(error), *getattr(error, "__notes__", ())])], {}, [])
    with twin_beside(playing.folder, order, awaited=False) as twin:
        refused = _play(playing, twin)
    run = load_run(playing.folder)
    found = extremes(run)
    images = [pictures.trace(run, run.path / "prediction.png")] if found and draws else []
    return Outcome(chip, run, refused, found, images)


def _play(playing: Playing, twin: TwinLink | None) -> list[str]:
    try:
        playing.play([Progress()], twin=twin)
    except DriveError as error:
        return [f"{error}; it was refused in {playing.place}"]
    return []


def _content(outcome: Outcome) -> dict[str, Any]:
    run = outcome.run
    return {
        "run": None if run is None else str(run.path),
        "duration": 0.0 if run is None else command_run.duration(run),
        "drives": 0 if run is None else len(run.drives),
        "samples": 0 if run is None else run.samples,
        "relay_operations": outcome.relays,
        "extremes": {name: asdict(extreme) for name, extreme in outcome.found.items()},
        "limits": asdict(outcome.chip.limits),
        "remark": outcome.chip.about.remark,
        "doubtful": {name: doubt.doubtful for name, doubt in outcome.doubts.items()},
        "refused": outcome.refused,
        "pictures": [str(image) for image in outcome.images],
    }


def _lines(outcome: Outcome) -> list[str]:
    run, remark = outcome.run, outcome.chip.about.remark
    lines = [f"note:             {remark}"] if remark else []
    if run is not None:
        lines += [
            f"duration:         {duration(command_run.duration(run))} on the real bench",
            f"drives, samples:  {len(run.drives)}, {run.samples}",
            f"relay operations: {', '.join(f'{name} {count}' for name, count in outcome.relays.items()) or 'none'}",
        ]
    for name, extreme in outcome.found.items():
        lines += _extreme_lines(name, extreme, outcome.chip.limits)
        lines += _doubt_lines(outcome.doubts.get(name, Doubt()))
    if run is not None and outcome.found:
        lines.append(f"conductance:      {sparkline(run.rows().conductance, unit='S')}")
    lines += [f"picture:          {image}" for image in outcome.images]
    return lines + ([f"REFUSED:          {text}" for text in outcome.refused] or ["refused:          nothing"])


def _extreme_lines(name: str, extreme: Extremes, limits: Limits) -> list[str]:
    lines = [
        f"terminal {name}:",
        f"  voltage         {show(extreme.voltage, 'V')} of {show(limits.voltage, 'V')} allowed",
        f"  current         {show(extreme.current, 'A')} of {show(limits.current, 'A')} allowed",
        f"  power, charge   {show(extreme.power, 'W')}, {show(extreme.charge, 'C')}",
    ]
    if extreme.in_compliance:
        lines.append(f"  in compliance   {extreme.in_compliance} samples: the current limit acted")
    return lines


def _doubt_lines(doubt: Doubt) -> list[str]:
    if not doubt.doubtful:
        return []
    return [
        f"  accuracy        {doubt}:",
        "                  the range that holds the compliance is coarse; lower it, or read in drives of their own",
    ]
