"""`nwlab show`: a run, a sweep, or a chip."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from nwlab.core.units import duration, show
from nwlab.lab.command_run import duration as duration_of
from nwlab.lab.command_run import final_conductances, summary
from nwlab.lab.places import known_files
from nwlab.lab.sweep import view as sweep_view
from nwlab.model.chip_file import load_chip
from nwlab.plot.sparkline import sparkline
from nwlab.report import notes, twin
from nwlab.runs.oracle import ASKED
from nwlab.runs.recording import Run, load_run

_COUNTED = (ASKED, twin.READY, twin.SUMMARY)
"""Kinds of notes that are told in other words, with those of which there are many."""


def main(options: argparse.Namespace) -> int:
    """Tell what a run or a sweep holds, finished or not; or what a chip file describes."""
    if not Path(options.run).is_dir() and (chip := _chip(options.run)) is not None:
        return _show_chip(chip, options)
    if sweep_view.is_sweep(Path(options.run)):
        facts = sweep_view.facts(Path(options.run))
        print(json.dumps(facts) if options.json else "\n".join(sweep_view.lines(facts)))
        return 0
    run = load_run(options.run)
    if options.json:
        print(json.dumps(summary(run, 0 if run.exit_code is None else run.exit_code, sorted(run.path.glob("*.png")))))
        return 0
    print("\n".join(_lines(run)))
    return 0


def _chip(name: str) -> Path | None:
    """Return the chip file that a name means; anything else is taken for a run, whose complaint is the better one."""
    path = Path(name)
    return path if path.is_file() and path.suffix == ".toml" else known_files("chip").get(name)


def _show_chip(path: Path, options: argparse.Namespace) -> int:
    from nwlab.lab import chip_view

    chip = load_chip(path)
    drawn = chip_view.picture(chip, options.picture) if options.picture else None
    if options.json:
        print(json.dumps({**chip_view.facts(chip), "pictures": [str(drawn)] if drawn else []}))
        return 0
    print("\n".join(chip_view.lines(chip)))
    if options.picture:
        print(f"picture:     {drawn or 'none: this chip has no network'}")
    return 0


def _lines(run: Run) -> list[str]:
    lines = [
        f"run:         {run.path}",
        f"protocol:    {run.info.name}",
        f"chip, bench: {run.info.chip or '-'}, {run.info.bench or '-'}",
        f"started:     {run.started}",
        f"status:      {run.status}{f' ({run.reason})' if run.reason else ''}",
        f"samples:     {run.samples} in {len(run.drives)} drives, {duration(duration_of(run))}",
    ]
    lines += [f"parameter:   {name} = {value}" for name, value in run.info.parameters.items()]
    lines += [f"instrument:  {name}: {identity}" for name, identity in run.info.identities.items()]
    lines += _notes(run)
    lines += [f"conductance: {show(last, 'S')} at {name} in the end" for name, last in final_conductances(run).items()]
    if len(run):
        lines.append(f"             {sparkline(run.rows().conductance, unit='S')}")
    if run.dropped:
        lines.append(f"dropped:     {run.dropped}")
    return lines


def _notes(run: Run) -> list[str]:
    """What was noted; where there is much of a kind, only how much."""
    read = [note for note in run.notes if note["kind"] not in _COUNTED and not twin.is_counted(note)]
    lines = [f"note:        {note['kind']}: {notes.said(note)}" for note in read]
    asked = sum(note["kind"] == ASKED for note in run.notes)
    lines += [f"asked:       a twin, {asked} times"] if asked else []
    told = twin.twin_of(run)
    return lines + [f"{f'{name}:':<12} {text}" for name, text in (() if told is None else told.lines())]
