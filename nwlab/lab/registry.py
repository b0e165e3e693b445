"""Names in files → classes: shipped ones, those of installed packages, and a lab's own beside its file."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from nwlab.core.errors import FileError, UsageError

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
    return {**{entry.name: entry.value for entry in entry_points(group=group)}, **shipped}


def load(kind: str, name: str, folder: Path) -> Any:
    """Return the class that `name` means: a known name, or `file.py:Class` with the file in `folder`.

    Raises UsageError for an unknown name, FileError for a file that does not serve.
    """
    if ".py:" in name:
        path, _, attribute = name.partition(":")
        return _attribute(_module(folder / path), attribute, folder / path)
    places = known(kind)
    if name not in places:
        raise UsageError(
            f'there is no {kind} {name!r}; known are {", ".join(sorted(places))}, or write "file.py:Class"'
        )
    module, _, attribute = places[name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def has_virtual(name: str, kinds: Mapping[str, str] | None = None) -> bool:
    """Tell whether a driver's name has a virtual instrument of its own."""
    return name in (kinds or known("virtual instrument")) or ".py:" in name


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"nwlab_own_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise FileError("there is no such Python file", path)
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise FileError(f"cannot be loaded: {type(error).__name__}: {error}", path) from error
    return module


def _attribute(module: ModuleType, name: str, path: Path) -> Any:
    if not hasattr(module, name):
        raise FileError(f"has no class {name!r}", path)
    return getattr(module, name)
