"""`nwlab dry-run`: what a protocol would do to this bench and chip."""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from nwlab.core.errors import DriveError
from nwlab.core.limits import Limits
from nwlab.core.units import duration, show
from nwlab.lab import command_run
from nwlab.lab.opening import OpenChip, open_rehearsal
from nwlab.lab.running import Playing, load_protocol
from nwlab.lab.tally import Extremes, extremes
from nwlab.plot import pictures
from nwlab.plot.sparkline import sparkline
from nwlab.runs.interrupts import interrupts
from nwlab.runs.progress import Progress
from nwlab.runs.recording import Run, load_run


def main(options: argparse.Namespace) -> int:
    """Play on the virtual twin and tell what a careful person wants to know first."""
    protocol = load_protocol(options.protocol, **dict(options.set))
    with interrupts(), open_rehearsal(options.bench or "virtual", chip=options.chip, seed=options.seed) as chip:
        try:
            playing = Playing(protocol, chip, options.out, suffix="-dry-run")
        except DriveError as error:
            return _tell(options, chip, None, [str(error)])
        refused = _play(playing)
    run = load_run(playing.folder)
    return _tell(options, chip, run, refused)


def _play(playing: Playing) -> list[str]:
    try:
        playing.play([Progress()])
    except DriveError as error:
        return [str(error)]
    return []


def _tell(options: argparse.Namespace, chip: OpenChip, run: Run | None, refused: list[str]) -> int:
    found = {} if run is None else extremes(run)
    images = [] if run is None or not found else [pictures.trace(run, run.path / "prediction.png")]
    relays = _relay_operations(chip)
    if options.json:
        print(json.dumps(_content(chip, run, found, relays, images, refused)))
    else:
        print("\n".join(_lines(chip, run, found, relays, images, refused)))
    return DriveError.exit_code if refused else 0


def _relay_operations(chip: OpenChip) -> dict[str, int]:
    counts = {} if chip.bench is None else chip.bench.relay_operations
    return {f"{matrix}:{row}{column:02d}": count for (matrix, row, column), count in sorted(counts.items())}


def _doubtful(chip: OpenChip) -> dict[str, int]:
    """Return how many readings of each terminal have a stated error above 1 %."""
    return {} if chip.bench is None else {name: doubt.doubtful for name, doubt in chip.bench.doubts.items()}


def _content(
    chip: OpenChip,
    run: Run | None,
    found: dict[str, Extremes],
    relays: dict[str, int],
    images: list[Path],
    refused: list[str],
) -> dict[str, Any]:
    return {
        "run": None if run is None else str(run.path),
        "duration": 0.0 if run is None else command_run.duration(run),
        "drives": 0 if run is None else len(run.drives),
        "samples": 0 if run is None else run.samples,
        "relay_operations": relays,
        "extremes": {name: asdict(extreme) for name, extreme in found.items()},
        "doubtful": _doubtful(chip),
        "refused": refused,
        "pictures": [str(image) for image in images],
    }


def _lines(
    chip: OpenChip,
    run: Run | None,
    found: dict[str, Extremes],
    relays: dict[str, int],
    images: list[Path],
    refused: list[str],
) -> list[str]:
    lines: list[str] = [] if chip.about.remark == "" else [f"note:             {chip.about.remark}"]
    if run is not None:
        lines += [
            f"duration:         {duration(command_run.duration(run))} on the real bench",
            f"drives, samples:  {len(run.drives)}, {run.samples}",
            f"relay operations: {', '.join(f'{name} {count}' for name, count in relays.items()) or 'none'}",
        ]
    for name, extreme in found.items():
        lines += _extreme_lines(name, extreme, chip.limits)
        lines += _doubt_lines(chip, name)
    if run is not None and found:
        lines.append(f"conductance:      {sparkline(run.rows().conductance, unit='S')}")
    lines += [f"picture:          {image}" for image in images]
    lines += [f"REFUSED:          {text}" for text in refused] or ["refused:          nothing"]
    return lines


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


def _doubt_lines(chip: OpenChip, name: str) -> list[str]:
    doubt = None if chip.bench is None else chip.bench.doubts.get(name)
    if doubt is None or not doubt.doubtful:
        return []
    worst = f"the worst {doubt.worst:.0%}" if doubt.worst < 10 else "some beyond measure"
    return [
        f"  accuracy        {doubt.doubtful} of {doubt.readings} readings have a stated error above 1 % ({worst}):",
        "                  the range that holds the compliance is coarse; lower it, or read in drives of their own",
    ]
