"""In what a drive that is asked for differs from one on record, for people."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from nwlab.core.drive import Drive, FloatArray, Force
from nwlab.core.units import show


def difference(asked: Drive, recorded: Drive, terminals: Sequence[str]) -> str:
    """Say in what a drive differs from one on record: the first thing that does; empty when nothing does.

    Numbers are compared to the last bit.
    """
    forced = [[terminals[force.terminal] for force in drive.forces] for drive in (asked, recorded)]
    if forced[0] != forced[1]:
        return f"it forces {_listed(forced[0])}; on record is {_listed(forced[1])}"
    if asked.steps != recorded.steps:
        return f"it has {asked.steps} step{'' if asked.steps == 1 else 's'}; on record are {recorded.steps}"
    return (
        _of_arrays("lasts", asked.dwell, recorded.dwell, "s")
        or next(filter(None, map(_of_forces, asked.forces, recorded.forces, [terminals] * len(asked.forces))), "")
        or _of_ground(asked, recorded, terminals)
        or _of_delay(asked.read_delay, recorded.read_delay)
        or _of_hold(asked.hold, recorded.hold)
    )


def _of_forces(asked: Force, recorded: Force, terminals: Sequence[str]) -> str:
    name, unit = terminals[asked.terminal], asked.quantity.unit
    if asked.quantity is not recorded.quantity:
        return f"it forces a {asked.quantity.value} at {name}; on record is a {recorded.quantity.value}"
    if found := _of_arrays(f"forces {name} to", asked.levels, recorded.levels, unit):
        return found
    if asked.compliance != recorded.compliance:
        new, old = apart(asked.compliance, recorded.compliance, asked.quantity.other.unit)
        return f"its compliance at {name} is {new}; on record is {old}"
    new, old = (_settings(force, terminals) for force in (asked, recorded))
    changed = next((key for key in new if new[key] != old[key]), None)
    return "" if changed is None else f"its source at {name} {changed} {new[changed]}; on record is {old[changed]}"


def _settings(force: Force, terminals: Sequence[str]) -> dict[str, str]:
    """Return what else is set at a source, in words that follow its name."""
    sense = "its own terminals" if force.sense is None else " and ".join(terminals[each] for each in force.sense)
    smallest, unit = "the smallest range that holds its compliance", force.quantity.other.unit
    return {
        "has its LO side at": "common" if force.low is None else terminals[force.low],
        "reads the voltage between": sense,
        "measures on": smallest if force.range is None else f"a range of {show(force.range, unit, 15)}",
    }


def _of_arrays(verb: str, asked: FloatArray, recorded: FloatArray, unit: str) -> str:
    """Name the first step that differs, counted from 1, and how many others do."""
    places = np.flatnonzero(asked != recorded)
    if not places.size:
        return ""
    first, more = int(places[0]), places.size - 1
    new, old = apart(float(asked[first]), float(recorded[first]), unit)
    others = f" ({more} more steps differ as well)" if more > 1 else " (one more step differs as well)" * more
    return f"step {first + 1} {verb} {new}; on record is {old}{others}"


def _of_ground(asked: Drive, recorded: Drive, terminals: Sequence[str]) -> str:
    new, old = ([terminals[each] for each in sorted(drive.ground)] for drive in (asked, recorded))
    return "" if new == old else f"it grounds {_listed(new)}; on record is {_listed(old)}"


def _of_delay(asked: FloatArray | None, recorded: FloatArray | None) -> str:
    if asked is not None and recorded is not None:
        return _of_arrays("has a read delay of", asked, recorded, "s")
    if asked is recorded:
        return ""
    new, old = ("none" if delay is None else f"{show(float(delay[0]), 's')} in step 1" for delay in (asked, recorded))
    return f"its read delay is {new}; on record is {old}"


def _of_hold(asked: bool, recorded: bool) -> str:
    ends = {True: "holds its last levels", False: "goes to rest"}
    return "" if asked == recorded else f"it {ends[asked]} in the end; on record it {ends[recorded]}"


def apart(one: float, other: float, unit: str) -> tuple[str, str]:
    """Write two quantities with as many digits as it takes to tell them apart."""
    for digits in (4, 9, 15):
        texts = show(one, unit, digits), show(other, unit, digits)
        if texts[0] != texts[1]:
            return texts
    return f"{one!r} {unit}", f"{other!r} {unit}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names) or "nothing"
