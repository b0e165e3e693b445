"""The command line: a few lines per command over `nwlab.lab`. Data goes to stdout, everything else to stderr."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module

from nwlab import __version__
from nwlab.core.errors import NwlabError, Terminated
from nwlab.runs.interrupts import interrupts

PLACES = {
    "run": "nwlab.lab.command_run",
    "dry-run": "nwlab.lab.command_dry_run",
    "stop": "nwlab.lab.command_stop",
    "pause": "nwlab.lab.command_pause",
    "continue": "nwlab.lab.command_pause",
    "live": "nwlab.lab.command_live",
    "gui": "nwlab.lab.command_gui",
    "serve": "nwlab.lab.command_serve",
    "serve-bench": "nwlab.lab.command_serve_bench",
    "bench": "nwlab.lab.command_bench",
    "list": "nwlab.lab.command_list",
    "show": "nwlab.lab.command_show",
    "recover": "nwlab.lab.command_recover",
    "export": "nwlab.lab.command_export",
    "report": "nwlab.lab.command_report",
    "fit": "nwlab.lab.command_fit",
    "sweep": "nwlab.lab.command_sweep",
}
AddParser = Callable[..., argparse.ArgumentParser]
_FAULTS = "fault script: what is to go wrong on the simulated instruments"
_BENCH = "bench file or name, tcp://host:port, or replay:RUN for a run on record (default: virtual)"
FITS = ("rate-balance", "mean-field", "grid", "stretched", "stretched-grid", "contacts")
TWIN_FILTERS = ("best", "sum", "gain", "kalman", "ensemble", "off")
KINDS = ("protocols", "benches", "chips", "drivers", "steps", "laws")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command and leave with its exit code."""
    _complete()
    with interrupts(last=True):
        exit_code = _main(_parser().parse_args(arguments))
    sys.exit(exit_code)


def _complete() -> None:
    """Give a program that was started without stdout or stderr, as by `2>&-`, streams that nobody reads."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_WRONLY), "w", encoding="utf-8"))


def _main(options: argparse.Namespace) -> int:
    try:
        return int(import_module(PLACES[options.command]).main(options))
    except NwlabError as error:
        return _tell(str(error), error, error.exit_code)
    except KeyboardInterrupt as error:
        return _tell(f"interrupted: {str(error) or 'Ctrl-C'}", error, 130)
    except Terminated as error:
        return _tell("ended by the system", error, error.exit_code)
    except BrokenPipeError:
        # The reader of stdout has gone, as in `nwlab show RUN | head`: nothing is wrong.
        sys.stderr.close()
        return 0


def _tell(text: str, error: BaseException, exit_code: int) -> int:
    print(f"nwlab: {text}", *getattr(error, "__notes__", ()), sep="\nnwlab: ", file=sys.stderr)
    return exit_code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="nwlab",
        description="Instruments, models and protocols for memristive nanowire networks.",
        epilog="exit codes: 0 ok, 1 bug, 2 usage, 3 invalid file, 4 refused by a limit, "
        "5 instrument, link or twin fault, 6 storage fault, 7 safe state NOT confirmed, 130 and 143 after an interrupt",
    )
    parser.add_argument("--version", action="version", version=f"nwlab {__version__}")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for command in (
        _run,
        _dry_run,
        _of_playing,
        _live,
        _gui,
        _serve,
        _serve_bench,
        _bench,
        _list,
        _of_runs,
        _fit,
        _sweep,
    ):
        command(commands.add_parser)
    return parser


def _run(add: AddParser) -> None:
    command = add("run", help="play a protocol on a bench or model and keep everything")
    _playing(command, nargs="?")
    command.add_argument("--resume", metavar="RUN", help="continue a run that ended early, in a new folder")
    command.add_argument("--virtual", action="store_true", help="simulate every instrument of the bench")
    command.add_argument(
        "--separate",
        action="store_true",
        default=None,
        help="hold simulated instruments, too, in a process of their own",
    )
    command.add_argument("--faults", metavar="FILE", help=_FAULTS)
    _twin_filter(command)
    command.add_argument("--live", action="store_true", help="watch it in a window, or in the terminal")
    command.add_argument("--no-picture", dest="picture", action="store_false", help="draw none")
    about = "hold simulated time back to X times real time (default: as fast as it can)"
    command.add_argument("--speed", type=float, metavar="X", help=about)
    # Whoever starts a run for a person wants to show it from its first sample on.
    command.add_argument("--where", metavar="FILE", help=argparse.SUPPRESS)


def _dry_run(add: AddParser) -> None:
    command = add("dry-run", help="play a protocol on the bench's virtual twin and tell what it would do")
    _playing(command)
    command.add_argument("--no-picture", dest="picture", action="store_false", help="draw none")


def _playing(command: argparse.ArgumentParser, nargs: str | None = None) -> None:
    about = "a protocol file, or a name from `nwlab list protocols`"
    command.add_argument("protocol", metavar="PROTOCOL", nargs=nargs, help=about)
    command.add_argument("--bench", metavar="FILE", default=None, help=_BENCH)
    command.add_argument("--chip", metavar="FILE", help="mount another chip on a virtual bench")
    command.add_argument("--model", action="store_true", help="play on the chip's model directly, without instruments")
    command.add_argument("--twin", metavar="CHIP", help="chip file of a model that follows, expects and warns")
    command.add_argument("--set", metavar="k=v", action="append", default=[], type=_pair, help="set a parameter")
    command.add_argument("--seed", type=int, metavar="N", help="seed of the simulated chip's randomness")
    command.add_argument("--out", metavar="FOLDER", default="runs", help="where runs are kept (default: runs)")
    command.add_argument("--json", action="store_true", help="one JSON object on stdout")


def _of_playing(add: AddParser) -> None:
    helps = {
        "stop": "end a run after its present block, from another terminal",
        "pause": "have a run pause between drives, with the chip at rest",
        "continue": "end the pause of a run",
    }
    for name, about in helps.items():
        command = add(name, help=about)
        command.add_argument("run", metavar="RUN", help="folder of a run")
        command.add_argument("--json", action="store_true", help="JSON on stdout")


def _live(add: AddParser) -> None:
    command = add("live", help="watch a run in a window, while it is played or later")
    about = "folder of a run (default: the newest below ./runs)"
    command.add_argument("run", metavar="RUN", nargs="?", help=about)
    # The run itself opens the window, perhaps before its first line is written, and listens until it is there.
    command.add_argument("--of-run", action="store_true", help=argparse.SUPPRESS)


def _gui(add: AddParser) -> None:
    command = add("gui", help="choose, rehearse, start and queue runs in a window")
    command.add_argument("--out", metavar="FOLDER", default="runs", help="where runs are kept (default: runs)")


def _serve(add: AddParser) -> None:
    command = add("serve", help="serve a virtual bench on TCP ports of this computer")
    command.add_argument("bench", metavar="BENCH", nargs="?", default="virtual", help="bench file or name")
    command.add_argument("--chip", metavar="FILE", help="mount another chip")
    command.add_argument("--speed", type=float, default=1.0, metavar="X", help="times real time (default: 1)")
    command.add_argument("--port", type=int, metavar="N", help="first of consecutive ports (default: free ones)")
    command.add_argument("--seed", type=int, metavar="N", help="seed of the simulated chip's randomness")
    command.add_argument("--faults", metavar="FILE", help=_FAULTS)
    command.add_argument("--write", metavar="FILE", help="write a bench file that reaches the served instruments")
    command.add_argument("--json", action="store_true", help="JSON on stdout")


def _serve_bench(add: AddParser) -> None:
    command = add("serve-bench", help="hold a bench open for other programs and computers: one drives, others watch")
    command.add_argument("bench", metavar="BENCH", help="bench file or name")
    command.add_argument("--virtual", action="store_true", help="simulate every instrument of the bench")
    command.add_argument("--chip", metavar="FILE", help="mount another chip on a virtual bench")
    command.add_argument("--seed", type=int, metavar="N", help="seed of the simulated chip's randomness")
    command.add_argument("--host", default="127.0.0.1", help="address to listen at (default: this computer only)")
    command.add_argument("--port", type=int, metavar="N", default=0, help="port to listen at (default: a free one)")
    command.add_argument(
        "--log", metavar="FILE", default="bench.log", help="who drove, and what was read back after it"
    )
    command.add_argument("--json", action="store_true", help="JSON on stdout")


def _bench(add: AddParser) -> None:
    command = add("bench", help="look at a bench, make it safe, or clear a tripped interlock")
    command.add_argument("act", choices=("check", "safe", "arm"), help="check changes nothing")
    command.add_argument("bench", metavar="BENCH", help="bench file or name")
    command.add_argument("--virtual", action="store_true", help="simulate every instrument of the bench")
    command.add_argument("--json", action="store_true", help="JSON on stdout")


def _list(add: AddParser) -> None:
    command = add("list", help="list what there is")
    command.add_argument("kinds", metavar="KIND", nargs="*", choices=(*KINDS, []), help=", ".join(KINDS))
    command.add_argument("--json", action="store_true", help="JSON on stdout")


def _of_runs(add: AddParser) -> None:
    show = add("show", help="tell what a run or a sweep holds, or what a chip file describes")
    recover = add("recover", help="save what an interrupted or damaged run holds")
    export = add("export", help="write a run as HDF5, NetCDF or CSV")
    report = add("report", help="write a run as one HTML file: pictures, numbers, settings, what happened")
    for command in (show, recover, export, report):
        what = "folder of a run or a sweep, or a chip" if command is show else "folder of a run"
        command.add_argument("run", metavar="RUN", help=what)
        command.add_argument("--json", action="store_true", help="JSON on stdout")
    show.add_argument("--picture", metavar="FILE", help="also draw the network of a chip")
    export.add_argument("--to", metavar="FILE", help="where to (default: in the run's folder)")
    report.add_argument("--to", metavar="FILE", help="where to (default: report.html in the run's folder)")
    export.add_argument("--format", choices=("hdf5", "netcdf", "csv"), help="default: by the file's name, else hdf5")


def _fit(add: AddParser) -> None:
    command = add("fit", help="find the chip file that explains recordings: parameters, errors, picture")
    about = "folders of runs, or files of ArC TWO, RCbench, Keithley, NWNsim, or of three columns t, I, V"
    command.add_argument("runs", metavar="RUN", nargs="+", help=about)
    command.add_argument("--law", required=True, choices=FITS, help=", ".join(FITS))
    command.add_argument("-o", "--output", required=True, metavar="CHIP.toml", help="where the chip file goes")
    command.add_argument("--source", metavar="TERMINAL", help="driven terminal (default: the one that was)")
    command.add_argument("--sink", metavar="TERMINAL", help="ground (default: the one that was)")
    command.add_argument(
        "--map", choices=("exact", "legacy"), default="exact", help="legacy: as older codes iterate it"
    )
    command.add_argument("--set", metavar="k=v", action="append", default=[], type=_pair, help="what is known: kept")
    command.add_argument("--seed", type=int, default=0, metavar="N", help="seed of the starts of a search (default: 0)")
    command.add_argument("--no-picture", dest="picture", action="store_false", help="draw none")
    command.add_argument("--json", action="store_true", help="one JSON object on stdout")


def _sweep(add: AddParser) -> None:
    command = add("sweep", help="play a protocol on many simulated chips, over parameters and seeds: one table")
    command.add_argument("protocol", metavar="PROTOCOL", help="a protocol file, or a name from `nwlab list protocols`")
    about = "chip file or name, several times for several chips (default: that of --bench, else of --model)"
    command.add_argument("--chip", metavar="FILE", action="append", help=about)
    about = "bench file or name: play through its instruments, all simulated (default: on the chips' models alone)"
    command.add_argument("--bench", metavar="BENCH", help=about)
    about = "first:last:count, or values with commas, of a parameter or of chip.KEY, as chip.start.conductance"
    command.add_argument("--vary", metavar="k=v", action="append", default=[], type=_pair, help=about)
    command.add_argument("--set", metavar="k=v", action="append", default=[], type=_pair, help="set a parameter")
    command.add_argument("--twin", metavar="CHIP", help="chip file of a model that follows each point, or is asked")
    _twin_filter(command)
    about = "play each point N times with other chance (default: 1)"
    command.add_argument("--seeds", type=int, default=1, metavar="N", help=about)
    about = "seed that each point's own is spawned from (default: the chip's)"
    command.add_argument("--seed", type=int, metavar="N", help=about)
    about = "serial, processes[:N], joblib[:N] or dask://host:port (default: processes)"
    command.add_argument("--executor", default="processes", metavar="WHERE", help=about)
    about = "folder of this sweep; the same command goes on there (default: in runs, named after what is asked)"
    command.add_argument("--out", metavar="FOLDER", help=about)
    command.add_argument("--json", action="store_true", help="one JSON object on stdout")


def _twin_filter(command: argparse.ArgumentParser) -> None:
    about = (
        "how readings correct it: best (what fits the chip; default), off (never); for one film sum (knows jumps) or "
        "gain (a constant part of each residual); for resistors kalman; for a network ensemble"
    )
    command.add_argument("--twin-filter", choices=TWIN_FILTERS, help=about)


def _pair(text: str) -> tuple[str, str]:
    name, equals, value = text.partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"needs name=value, not {text!r}")
    return name, value
