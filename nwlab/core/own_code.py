"""A lab's own Python beside its files: `file.py:Class`."""

from __future__ import annotations

import contextlib
import importlib.util
import sys
import threading
from collections.abc import Callable, Generator
from pathlib import Path
from types import ModuleType
from typing import Any

from nwlab.core.errors import FileError


def is_own(place: str) -> bool:
    """Whether a name in a file means a class in a Python file."""
    return ".py:" in place


def own_class(place: str, folder: Path) -> Any:
    """Return the class that `file.py:Class` means, with the file in `folder`.

    Raises FileError for a file that is not there, cannot be loaded, or lacks the class.
    """
    name, _, attribute = place.partition(":")
    path = folder / name
    module = _module(path)
    if not hasattr(module, attribute):
        raise FileError(f"has no class {attribute!r}", path)
    return getattr(module, attribute)


def _module(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"nwlab_own_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise FileError("there is no such Python file", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    run(spec.loader.exec_module, module, path)
    return module


def run(load: Callable[[ModuleType], object], module: ModuleType, path: Path) -> None:
    """Let somebody's own code load itself; what it prints goes to stderr, so that stdout stays readable for scripts.

    Raises FileError for whatever it raises, also when it would leave the program.
    """
    try:
        with printing_aside():
            load(module)
    except (Exception, SystemExit) as error:
        raise FileError(f"cannot be loaded: {type(error).__name__}: {error}", path) from error


class _Aside:
    """How many have asked that stdout be stderr, in however many threads; the last to leave puts it back."""

    def __init__(self) -> None:
        self._lock, self._count, self._stdout = threading.Lock(), 0, sys.stdout

    def enter(self) -> None:
        with self._lock:
            if not self._count:
                self._stdout, sys.stdout = sys.stdout, sys.stderr
            self._count += 1

    def leave(self) -> None:
        with self._lock:
            self._count -= 1
            if not self._count:
                sys.stdout = self._stdout


_aside = _Aside()


@contextlib.contextmanager
def printing_aside() -> Generator[None]:
    """Let what a lab's own code prints go to stderr: what a command has to say on stdout is read by scripts."""
    _aside.enter()
    try:
        yield
    finally:
        _aside.leave()
