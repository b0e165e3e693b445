"""`nwlab run`."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nwlab.core.errors import NwlabError, Stopped, UnsafeError, UsageError
from nwlab.core.events import Subscriber
from nwlab.core.own_code import printing_aside
from nwlab.core.result import told
from nwlab.core.units import show
from nwlab.lab import news
from nwlab.lab.live_view import live_view
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import MODEL, REPLAY, open_bench, open_model
from nwlab.lab.places import find
from nwlab.lab.resuming import Resumption, is_simulated
from nwlab.lab.running import Playing, load_protocol, suited, twin_beside, twin_order
from nwlab.plot import pictures
from nwlab.protocol.protocol import Protocol
from nwlab.report.twin import twin_of
from nwlab.runs.appender import replace_json
from nwlab.runs.interrupts import interrupts
from nwlab.runs.progress import Progress
from nwlab.runs.recording import Run, load_run
from nwlab.runs.verdict import verdict

if TYPE_CHECKING:
    from nwlab.lab.twin_link import TwinLink
    from nwlab.twin.order import TwinOrder


def main(options: argparse.Namespace) -> int:
    """Play, keep, draw; print where the run is, the final conductance and the picture."""
    resumed = _resume(options)
    protocol = load_protocol(options.protocol, **dict(options.set)) if resumed is None else resumed.protocol
    options = options if resumed is None else resumed.options
    try:
        order = twin_order(protocol, options.twin, options.twin_filter)
    except NwlabError as error:
        if resumed is not None:
            error.add_note("with --twin none it goes on without the twin that it had")
        raise
    with ExitStack() as watching:
        with interrupts(), _open(options) as chip:
            _warn(chip)
            if resumed is not None:
                resumed.check(chip)
            order = suited(order, chip)
            opened = _opened(options, protocol, order)
            with printing_aside():
                playing = Playing(protocol, chip, options.out, opened=opened, rest=resumed and resumed.rest)
            _say_where(options.where, playing.folder)
            is_replay = "replay" in chip.about.documents
            twin = watching.enter_context(twin_beside(playing.folder, order, closes=True, replays=is_replay))
            shown = watching.enter_context(live_view(playing.folder)) if options.live else Progress()
            run = _play(playing, chip, shown, twin, options)
        report(run, [_draw(run)] if options.picture else [], as_json=options.json)
    return 0


def _play(
    playing: Playing, chip: OpenChip, shown: Subscriber, twin: TwinLink | None, options: argparse.Namespace
) -> Run:
    try:
        with printing_aside():
            return playing.play([shown], twin=twin, close=True)
    except BaseException as error:
        if chip.safe_state is not None and not isinstance(error, UnsafeError):
            error.add_note(str(chip.safe_state))
        # A record that cannot be read any more does not hide why the run ended.
        with suppress(NwlabError):
            run = load_run(playing.folder)
            images = _drawn(run) if isinstance(error, Stopped) and options.picture else []
            if options.json:
                print(json.dumps(summary(run, verdict(error).exit_code, images)))
        raise
    finally:
        _tell_faults(chip)


def _draw(run: Run) -> Path:
    return pictures.trace(run, run.path / "trace.png")


def _drawn(run: Run) -> list[Path]:
    """What was measured of a run that was stopped; a picture that cannot be made does not hide how it ended."""
    with suppress(NwlabError):
        return [_draw(run)] if run.samples else []
    return []


def _resume(options: argparse.Namespace) -> Resumption | None:
    if options.resume is not None:
        return Resumption(options)
    if options.protocol is None:
        raise UsageError("which PROTOCOL is to be played? `nwlab list protocols` names what there is")
    return None


def report(run: Run, images: list[Path], *, as_json: bool) -> None:
    """Print a finished run for people or for a script."""
    if as_json:
        print(json.dumps(summary(run, 0, images)))
        return
    print(f"run:               {run.path}")
    for terminal, conductance in final_conductances(run).items():
        print(f"final conductance: {show(conductance, 'S')} at {terminal}")
    for name, found in run.results.items():
        print(f"result:            {name}: {told(found)}")
    twin = twin_of(run)
    for name, text in () if twin is None else twin.lines():
        print(f"{f'{name}:':<18} {text}")
    for image in images:
        print(f"picture:           {image}")


def summary(run: Run, exit_code: int, images: list[Path]) -> dict[str, Any]:
    """Return what `--json` says about a run."""
    twin = twin_of(run)
    return {
        "run": str(run.path),
        "status": run.status,
        "exit": exit_code,
        "reason": run.reason,
        "samples": run.samples,
        "drives": len(run.drives),
        "duration": duration(run),
        "conductance": final_conductances(run),
        "results": run.results,
        "twin": None if twin is None else twin.content(),
        "pictures": [str(image) for image in images],
    }


def duration(run: Run) -> float:
    """Return the s on the chip's clock from the first level to the end of the last drive."""
    if not len(run.drives):
        return 0.0
    last = run.drives[-1]
    start = last.reading.start
    return float(start - run.origin + last.drive.duration) if np.isfinite(start) else 0.0


def final_conductances(run: Run) -> dict[str, float]:
    """Return the last conductance that was measured at each forced terminal, S."""
    found: dict[str, float] = {}
    for rows in run.pieces() if len(run) else ():
        conductance = rows.conductance
        is_known = np.isfinite(conductance)
        for index in np.unique(rows.terminal[is_known]):
            found[run.terminals[index]] = float(conductance[is_known & (rows.terminal == index)][-1])
    return {name: found[name] for name in run.terminals if name in found}


def _open(options: argparse.Namespace) -> OpenChip:
    if not options.model:
        return open_bench(
            options.bench or "virtual",
            virtual=options.virtual,
            chip=options.chip,
            seed=options.seed,
            separate=options.separate,
            faults=options.faults,
            speed=options.speed,
        )
    if options.bench or options.virtual or options.faults:
        raise UsageError("--model plays without instruments: leave --bench, --virtual and --faults out")
    return open_model(options.chip or MODEL, seed=options.seed, speed=options.speed)


def _opened(options: argparse.Namespace, protocol: Protocol, order: TwinOrder | None) -> dict[str, Any]:
    """Return what it takes to open the same chip and protocol again, from any folder."""
    bench = None if options.model else options.bench or "virtual"
    if bench is not None and bench.startswith(REPLAY):
        bench = f"{REPLAY}{Path(bench.removeprefix(REPLAY)).resolve()}"
    elif bench is not None and not bench.startswith("tcp://"):
        bench = str(find("bench", bench).resolve())
    return {
        "protocol": str(protocol.path.resolve()),
        "bench": bench,
        "virtual": options.virtual,
        "simulated": is_simulated(options),
        "model": options.model,
        "chip": options.chip and str(find("chip", options.chip).resolve()),
        "seed": options.seed,
        "speed": options.speed,
        "twin": order and order.chip,
        "twin_filter": order and order.filter,
    }


def _say_where(place: str | None, folder: Path) -> None:
    """Tell the program that started this one where the record is; it may have ended since, which harms no run."""
    if place is not None:
        with suppress(OSError):
            replace_json(Path(place), {"run": str(folder)})


def _warn(chip: OpenChip) -> None:
    if chip.about.found_on:
        print(f"nwlab: {news.told(chip.about.found_on)}", file=sys.stderr)
    if chip.about.remark:
        print(f"nwlab: {chip.about.remark}", file=sys.stderr)


def _tell_faults(chip: OpenChip) -> None:
    """Say which planted faults really struck."""
    script = chip.table.faults if chip.table is not None else None
    for line in script.told() if script is not None else ():
        print(f"nwlab: {line}", file=sys.stderr)
