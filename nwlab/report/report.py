"""The report of a run as files: the page, and its pictures beside it."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from nwlab.core.clock import utc_now
from nwlab.core.errors import StorageError
from nwlab.report.digest import digest
from nwlab.report.figures import pictures
from nwlab.report.page import page
from nwlab.runs.recording import Run

NAME = "report.html"
"""The page's file in a run's folder, unless another one is asked for."""


@dataclass(frozen=True, slots=True)
class Report:
    """The files of a report."""

    path: Path
    pictures: tuple[Path, ...]


def write(run: Run, path: str | Path | None = None, now: Callable[[], datetime] = utc_now) -> Report:
    """Write the report of a run, finished or not, and return its files; an old one is replaced whole.

    The pictures stand in the page and, for other uses, beside it. Raises StorageError when it cannot be written, or the
    record was altered meanwhile.
    """
    path = run.path / NAME if path is None else Path(path)
    told = digest(run, now())
    drawn = pictures(told)
    beside = [path.with_name(f"{path.stem}-{picture.name}.png") for picture in drawn]
    for place, picture in zip(beside, drawn, strict=True):
        _replace(place, picture.light)
    _replace(path, page(told, drawn).encode())
    return Report(path, tuple(beside))


def _replace(path: Path, content: bytes) -> None:
    """Write a file so that a browser that shows the old one never meets half of the new one."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_bytes(content)
        temporary.replace(path)
    except OSError as error:
        raise StorageError(
            f"{path} cannot be written: {error.strerror or error}; --to names another place, the run itself is whole"
        ) from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
