"""Files that only grow, and files that are replaced as a whole."""

from __future__ import annotations

import contextlib
import errno
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_PIECE = 1 << 20  # bytes copied at a time


class Appender:
    """A file that only grows; what `append` returned for has left this process."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fileno = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_BINARY", 0), 0o644)
        self.size = os.fstat(self.fileno).st_size

    def append(self, data: bytes) -> int:
        """Write all of `data` and return where it begins; raises OSError, with nothing half written left behind."""
        begin = self.size
        try:
            self._write(data)
        except OSError:
            self.take_back(begin)
            raise
        self.size += len(data)
        return begin

    def take_back(self, begin: int) -> None:
        """Take off again what was appended from `begin` on, as far as the disk still can."""
        with contextlib.suppress(OSError):
            os.ftruncate(self.fileno, begin)
            self.size = begin

    def _write(self, data: bytes) -> None:
        """`os.write` on a full disk writes a part and says so only by its result."""
        left = memoryview(data)
        while left:
            written = os.write(self.fileno, left)
            if written == 0:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            left = left[written:]

    def sync(self) -> None:
        """Have the disk keep what was written, against loss of power; raises OSError."""
        os.fsync(self.fileno)

    def look(self) -> None:
        """Raise OSError when the file has gone.

        What is written to a file that was deleted, or whose drive was taken away, reports no error by itself.
        """
        if not os.path.samestat(os.fstat(self.fileno), self.path.stat()):
            raise OSError(errno.ESTALE, os.strerror(errno.ESTALE))

    def close(self) -> None:
        """Close the file once."""
        if self.fileno >= 0:
            descriptor, self.fileno = self.fileno, -1
            os.close(descriptor)


def copy_part(source: Path, target: Path, size: int) -> None:
    """Copy the first `size` bytes of a file; raises OSError."""
    with source.open("rb") as read, target.open("wb") as written:
        while size and (piece := read.read(min(size, _PIECE))):
            written.write(piece)
            size -= len(piece)


def replace_json(path: Path, content: Mapping[str, Any]) -> None:
    """Replace a JSON file so that at any moment the old or the new one is there whole; raises OSError."""
    replace_text(path, json.dumps(content, ensure_ascii=False, allow_nan=False, indent=2))


def unfinished(path: Path) -> Path:
    """Return where the new content of a file stands until it is whole; a power cut may leave it there."""
    return path.with_name(f".{path.name}.new")


def replace_text(path: Path, text: str) -> None:
    """Replace a text file so that at any moment the old or the new one is there whole; raises OSError."""
    temporary = unfinished(path)
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _sync_folder(folder: Path) -> None:
    """A new name is safe once its folder is; systems that cannot open folders keep names by themselves."""
    with contextlib.suppress(PermissionError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
