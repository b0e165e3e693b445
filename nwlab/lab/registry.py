"""Names in files → classes: shipped ones, those of installed packages, and a lab's own beside its file."""

from __future__ import annotations

import contextlib
import importlib
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from nwlab.core.errors import UsageError
from nwlab.core.own_code import is_own, own_class

DRIVERS = {
    "keithley2600": "nwlab.drivers.keithley2600:Keithley2600",
    "keithley707": "nwlab.drivers.keithley707:Keithley707",
}
VIRTUALS = {
    "keithley2600": "nwlab.virtual.k2600:Virtual2600",
    "keithley707": "nwlab.virtual.k707:Virtual707",
}
GROUPS = {"driver": ("nwlab.drivers", DRIVERS), "virtual instrument": ("nwlab.virtual", VIRTUALS)}


def known(kind: str) -> dict[str, str]:
    """Map the names of a kind ("driver", "virtual instrument") to where their classes are."""
    group, shipped = GROUPS[kind]
    return {**_installed(group), **shipped}


@cache
def _installed(group: str) -> dict[str, str]:
    """What other packages bring along; looking through all of them takes some ms."""
    return {entry.name: entry.value for entry in entry_points(group=group)}


def load(kind: str, name: str, folder: Path) -> Any:
    """Return the class that `name` means: a known name, or `file.py:Class` with the file in `folder`.

    Raises UsageError for an unknown name, FileError for a file that does not serve.
    """
    if is_own(name):
        return own_class(name, folder)
    places = known(kind)
    if name not in places:
        raise UsageError(
            f'there is no {kind} {name!r}; known are {", ".join(sorted(places))}, or write "file.py:Class"'
        )
    module, _, attribute = places[name].partition(":")
    try:
        with contextlib.redirect_stdout(sys.stderr):
            return getattr(importlib.import_module(module), attribute)
    except (Exception, SystemExit) as error:
        raise UsageError(
            f"the {kind} {name!r} cannot be loaded from {places[name]}: {type(error).__name__}: {error}"
        ) from error


def has_virtual(name: str, kinds: Mapping[str, str] | None = None) -> bool:
    """Tell whether a driver's name has a virtual instrument of its own."""
    return name in (kinds or known("virtual instrument")) or is_own(name)
