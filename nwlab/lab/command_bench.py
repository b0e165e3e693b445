"""`nwlab bench`: look at a bench, make it safe, clear a tripped interlock."""

from __future__ import annotations

import argparse
import json

from nwlab.core.errors import UsageError
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import open_bench


def main(options: argparse.Namespace) -> int:
    """Do one act on a bench, without playing anything."""
    chip = open_bench(options.bench, virtual=options.virtual, separate=False)
    try:
        lines = {"check": _check, "safe": _safe, "arm": _arm}[options.act](chip)
    finally:
        chip.let_go()
    print(json.dumps({"bench": chip.about.bench, "findings": lines}) if options.json else "\n".join(lines))
    return 0


def _check(chip: OpenChip) -> list[str]:
    """Tell what is there; nothing is changed."""
    about = chip.about
    lines = [f"{name}: {identity}" for name, identity in about.identities.items()]
    lines += [f"{name}: on" for name in about.found_on] or ["all outputs are off"]
    return lines + ([about.remark] if about.remark else [])


def _safe(chip: OpenChip) -> list[str]:
    """Bring everything down by the bench file's policy; raises UnsafeError when that is not confirmed."""
    state = chip.make_safe(everything=True)
    state.demand()
    return list(state.found)


def _arm(chip: OpenChip) -> list[str]:
    """Clear the latch of a tripped interlock; raises InterlockError while it is open."""
    if chip.bench is None:
        raise UsageError("only a bench on this computer can be armed here")
    chip.bench.arm()
    return ["armed: the bench may be driven again"]
