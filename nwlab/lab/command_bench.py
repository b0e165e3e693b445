"""`nwlab bench`: look at a bench, make it safe, clear a tripped interlock."""

from __future__ import annotations

import argparse
import json
from collections.abc import Generator
from contextlib import contextmanager

from nwlab.core.errors import UsageError
from nwlab.lab.bench_table import BenchOrder, Table
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import open_bench
from nwlab.lab.places import find


def main(options: argparse.Namespace) -> int:
    """Do one act on a bench, without playing anything."""
    lines = {"check": _check, "safe": _safe, "arm": _arm}[options.act](options)
    print(json.dumps({"bench": options.bench, "findings": lines}) if options.json else "\n".join(lines))
    return 0


@contextmanager
def _opened(options: argparse.Namespace) -> Generator[OpenChip]:
    """Open a bench and let go of it as it is."""
    _demand_here(options)
    chip = open_bench(options.bench, virtual=options.virtual, separate=False)
    try:
        yield chip
    finally:
        chip.let_go()


def _demand_here(options: argparse.Namespace) -> None:
    if options.bench.startswith("tcp://"):
        raise UsageError(
            f"{options.bench} is served by another program, which holds its instruments: type "
            f"`nwlab bench {options.act} BENCH` on that computer, once the service has ended"
        )


def _check(options: argparse.Namespace) -> list[str]:
    """Tell what is there; nothing is changed."""
    with _opened(options) as chip:
        about = chip.about
    lines = [f"{name}: {identity}" for name, identity in about.identities.items()]
    lines += [f"{name}: on" for name in about.found_on] or ["all outputs are off"]
    return lines + ([about.remark] if about.remark else [])


def _safe(options: argparse.Namespace) -> list[str]:
    """Bring down what answers, by the bench file's policy; raises UnsafeError when not all of it was confirmed."""
    _demand_here(options)
    state = Table(BenchOrder(str(find("bench", options.bench)), options.virtual)).make_safe()
    state.demand()
    return list(state.found)


def _arm(options: argparse.Namespace) -> list[str]:
    """Clear the latch of a tripped interlock; raises InterlockError while it is open."""
    with _opened(options) as chip:
        if chip.bench is None:
            raise UsageError("only a bench on this computer can be armed here")
        chip.bench.arm()
    return ["armed: the bench may be driven again"]
