"""One program at a time on an instrument: a locked file per address, which also remembers a tripped interlock.

The system lets go of a lock when its process ends, however it ends. What the file says then tells whether that process
had let go by itself: an entry without an owner alive is reported, never passed over in silence. The files outlive a
restart of the computer, as a tripped interlock does.
"""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from pyvisa.rname import InvalidResourceName, to_canonical_name

from nwlab.core import lock
from nwlab.core.clock import utc_now
from nwlab.core.errors import UsageError

_LASTING, _FLEETING = Path("/var/tmp"), Path(tempfile.gettempdir())


def folder() -> Path:
    """Return the folder of the locks, which all users of this computer share."""
    place = Path(os.environ.get("NWLAB_LOCKS") or (_LASTING if _LASTING.is_dir() else _FLEETING) / "nwlab-locks")
    if not place.is_dir():
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(0o1777)
    return place


class Lease:
    """The right to drive the instruments at some addresses, from construction until `close`."""

    def __init__(self, addresses: Iterable[str], who: str) -> None:
        """Take all or none; raises UsageError saying who holds an instrument."""
        self.stale: tuple[str, ...] = ()  # what earlier holders that ended without letting go left behind
        self._files: dict[str, int] = {}
        self._who = who
        try:
            for address in dict.fromkeys(addresses):
                self._take(address)
        except BaseException:
            self.close()
            raise

    @property
    def latch(self) -> str:
        """Why driving is barred until a person clears it; empty when it is not."""
        return next((str(entry["latch"]) for entry in map(self._read, self._files) if entry.get("latch")), "")

    @latch.setter
    def latch(self, reason: str) -> None:
        for address in self._files:
            self._write(address, {**self._read(address), "latch": reason})

    def close(self) -> None:
        """Let go; a second call does nothing."""
        for address in tuple(self._files):
            latched = self._read(address).get("latch", "")
            self._write(address, {"latch": latched} if latched else {})
            os.close(self._files.pop(address))

    def _take(self, address: str) -> None:
        path = folder() / f"{hashlib.sha256(_canonical(address).encode()).hexdigest()[:24]}.json"
        descriptor = _open(path)
        if not lock.hold(descriptor):
            entry = _decode(os.pread(descriptor, 65536, 0))
            os.close(descriptor)
            raise UsageError(
                f"{address} is in use by {entry.get('who', 'another program')} (process {entry.get('pid', 'unknown')}, "
                f"since {entry.get('since', 'an unknown time')}); nothing was changed. Wait for its end, or stop it"
            )
        self._files[address] = descriptor
        entry = self._read(address)
        if "pid" in entry:
            holder = f"{entry.get('who')} (process {entry['pid']}, since {entry.get('since')})"
            self.stale += (f"{address}: {holder} ended without letting go",)
        own = {"address": address, "pid": os.getpid(), "who": self._who, "since": utc_now().isoformat("T", "seconds")}
        self._write(address, {**own, "latch": entry.get("latch", "")})

    def _read(self, address: str) -> dict[str, Any]:
        return _decode(os.pread(self._files[address], 65536, 0))

    def _write(self, address: str, content: dict[str, Any]) -> None:
        data = json.dumps(content).encode()
        os.pwrite(self._files[address], data, 0)
        os.ftruncate(self._files[address], len(data))


def _canonical(address: str) -> str:
    """Write an address the one way: "TCPIP::smu::5025::SOCKET" is "tcpip0::smu::5025::socket"."""
    try:
        return to_canonical_name(address.upper()).casefold()
    except InvalidResourceName:
        return address.casefold()


def _open(path: Path) -> int:
    """Open a lock file, making it for every user where it is missing.

    Linux refuses to "create" a file of somebody else that is already there.
    """
    try:
        return os.open(path, os.O_RDWR)
    except FileNotFoundError:
        pass
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o666)
    except FileExistsError:
        return os.open(path, os.O_RDWR)
    path.chmod(0o666)  # whatever the umask
    return descriptor


def _decode(data: bytes) -> dict[str, Any]:
    try:
        content = json.loads(data or b"{}")
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
