"""What keeps the window from opening, and what to do about it.

Some of it has to be found before Qt is imported, because one version of it ends the interpreter. What Qt says at last
before it ends the program, when it cannot start, is heard in `app.py` and explained here.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Sequence
from ctypes import CDLL
from importlib import import_module, metadata, util
from pathlib import Path
from typing import Any

from nwlab.core.errors import UsageError
from nwlab.live.system_libraries import missing, remedy

INSTALL = 'pip install "nwlab[gui]"'
_QT, _PYQTGRAPH = "PySide6-Essentials", "pyqtgraph"
_IMMORTAL = (3, 12)
"""From this Python on, nothing can let go of None once too often."""
_REFUSED = ("could not connect to display", "create wl_display", "cannot open display")
_OLDEST = {_QT: (6, 8), _PYQTGRAPH: (0, 14)}


def before_import(instead: str = "`nwlab run … --live` draws in the terminal") -> str:
    """Return why Qt cannot or must not be imported here; empty when nothing is known against it.

    `instead` is told of a computer without a display, which has to do without a window.
    """
    return _no_display(instead) or _not_installed() or _unfit()


def load(module: str) -> Any:
    """Import a module that needs Qt; raises UsageError with what is to be done where that cannot be."""
    trouble = before_import()
    if trouble:
        raise UsageError(trouble)
    try:
        return import_module(module)
    except ImportError as error:
        trouble = of_import(error)
        if not trouble:
            raise
        raise UsageError(trouble) from error


def of_import(error: ImportError) -> str:
    """Return why Qt could not be imported; empty when the fault is not there."""
    library = missing(str(error))
    if library:
        return f"the window needs the library {library}, which this system lacks; {remedy(library)}"
    if any(name in f"{error.name} {error}" for name in ("PySide6", "shiboken", "pyqtgraph")):
        return f"the window cannot be opened: {error}; install what it needs again: {INSTALL} --force-reinstall"
    return ""


def of_start(said: Sequence[str], plugins: Sequence[str]) -> str:
    """Return why Qt could not start, from what it said and the folders of its plug-ins."""
    platform = os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0] or "xcb"
    library = _missing_for(platform, plugins)
    if library:
        return f"the window needs the library {library}, which this system lacks; {remedy(library)}"
    refused = next((each for each in said if any(words in each for words in _REFUSED)), "")
    if refused:
        return (
            f"the window cannot be shown: {_one_line(refused)} ($DISPLAY is {os.environ.get('DISPLAY', '')!r}); log in "
            "at this computer, or with ssh -X"
        )
    return f"Qt cannot start: {_one_line('; '.join(said))}"


def loses_none(act: Callable[[], object], times: int = 100) -> bool:
    """Whether each `act` lets go of None once too often, which ends the interpreter after a while."""
    if sys.version_info >= _IMMORTAL:
        return False
    before = sys.getrefcount(None)
    for _ in range(times):
        act()
    return before - sys.getrefcount(None) > times // 2


def other_version(version: str) -> str:
    """Return what to do about a PySide6 that lets go of None."""
    return (
        f"PySide6 {version} would end Python {sys.version_info.major}.{sys.version_info.minor} within seconds; install "
        f'another one: pip install "{_QT}>=6.8,!=6.9.1,!={version}" (or use Python 3.12 or later)'
    )


def _no_display(instead: str) -> str:
    if sys.platform in ("win32", "darwin") or os.environ.get("QT_QPA_PLATFORM"):
        return ""
    if os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"):
        return ""
    return (
        "there is no display for a window here (neither $DISPLAY nor $WAYLAND_DISPLAY is set); log in at this "
        f"computer, or with ssh -X; {instead}"
    )


def _not_installed() -> str:
    lacking = [name for name, package in (("PySide6", _QT), (_PYQTGRAPH, _PYQTGRAPH)) if not _is_there(name, package)]
    if not lacking:
        return ""
    return f"the window needs {' and '.join(lacking)}, not installed here; install it with: {INSTALL}"


def _is_there(module: str, package: str) -> bool:
    try:
        return util.find_spec(module) is not None
    except (ImportError, ValueError):
        return False


def _unfit() -> str:
    qt = _version(_QT)
    if qt == "6.12.0" and sys.version_info < _IMMORTAL:
        return other_version(qt)
    if qt == "6.9.1":
        return f'PySide6 6.9.1 does not work with pyqtgraph; install another one: pip install "{_QT}>=6.8,!=6.9.1"'
    for package, oldest in _OLDEST.items():
        version = _version(package)
        if version and _parts(version) < oldest:
            needed = ".".join(map(str, oldest))
            return f"{package} {version} is too old for the window, which needs {needed}; update it with: {INSTALL} -U"
    return ""


def _version(package: str) -> str:
    """Return the version of an installed package; empty when its installer left none."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return ""


def _parts(version: str) -> tuple[int, ...]:
    numbers = [part for part in version.split(".")[:2] if part.isdigit()]
    return tuple(map(int, numbers))


def _missing_for(platform: str, plugins: Sequence[str]) -> str:
    """Return the library that the plug-in of a platform lacks; loading it by hand says what Qt keeps to itself."""
    for folder in plugins:
        path = Path(folder) / f"libq{platform}.so"
        if path.is_file():
            try:
                CDLL(str(path))
            except OSError as error:
                return missing(str(error))
    return ""


def _one_line(text: str) -> str:
    return " ".join(text.split())
