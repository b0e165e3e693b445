"""A bench for other programs and computers of the lab: one drives, others watch."""

from __future__ import annotations

import os
import secrets
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from getpass import getuser
from queue import SimpleQueue
from types import FrameType
from urllib.parse import urlsplit

from nwlab.core.errors import UsageError, WireError
from nwlab.core.safe_state import SafeState
from nwlab.lab.bench_process import about_of, about_words
from nwlab.lab.bench_table import BenchOrder, Table
from nwlab.lab.open_chip import OpenChip
from nwlab.remote import door
from nwlab.remote.audience import Audience
from nwlab.remote.failure import failure_message
from nwlab.remote.guest import RemoteChip
from nwlab.remote.host import Host
from nwlab.remote.logbook import Logbook
from nwlab.remote.message import Message
from nwlab.remote.pipe import Pipe

TOKEN = "NWLAB_TOKEN"
_CONNECT = 5.0  # s
_AT_THE_DOOR = 16  # visitors that may be asked for the token at once
_PARTING = 0.5  # s that a driver who is just leaving may take
_BREATH = 0.2  # s after which a computer that could not take a visitor in is asked again


class BenchService:
    """Holds a bench open and lets one visitor at a time drive it, from construction until `close`."""

    def __init__(self, order: BenchOrder, log: str, host: str = "127.0.0.1", port: int = 0) -> None:
        """Open the bench and listen, keeping what happens in the file `log`.

        Raises what opening raises, UsageError for a port that cannot be had.
        """
        self.token = os.environ.get(TOKEN) or secrets.token_urlsafe(24)
        self._order, self._audience, self._logbook = order, Audience(), Logbook("bench service")
        self._logbook.move(log)
        self._waiting: SimpleQueue[tuple[door.Visitor, Pipe]] = SimpleQueue()
        self._changed, self._closed = threading.Condition(), threading.Event()
        self._driver: door.Visitor | None = None
        self._barred = ""
        self._host: Host | None = None
        self._knocking = threading.BoundedSemaphore(_AT_THE_DOOR)
        with ExitStack() as stack:
            self._listening = stack.enter_context(_listen(host, port))
            self._chip = Table(order).open()
            stack.callback(self._chip.let_go)
            stack.callback(self._audience.close)
            stack.callback(self._closed.set)
            self._stack = stack.pop_all()
        self.address = f"tcp://{f'[{host}]' if ':' in host else host}:{self._listening.getsockname()[1]}"
        self._file = order.file
        threading.Thread(target=self._accept, name="nwlab admits visitors", daemon=True).start()

    def serve(self) -> None:
        """Serve drivers one after the other in the main thread, until interrupted."""
        main = threading.main_thread().ident or 0

        def strike(_number: int, _frame: FrameType | None) -> None:
            if self._host is not None:
                self._host.strike()

        signal.signal(signal.SIGUSR1, strike)
        while True:
            self._attend(*self._waiting.get(), main)

    def close(self) -> SafeState:
        """Make safe, stop listening and let go of the instruments; returns what was read back."""
        with self._stack:
            state = self._chip.make_safe()
            self._logbook.write("stopped", failures=state.failures, found=state.found)
            return state

    def _attend(self, visitor: door.Visitor, pipe: Pipe, main: int) -> None:
        self._logbook.write("driven", by=visitor.who)
        host = Host(
            self._chip,
            pipe,
            self._file.process.deadlines,
            self._logbook,
            interrupt=lambda: signal.pthread_kill(main, signal.SIGUSR1),
            listen=self._audience.tell,
            is_local=False,
        )
        self._host = host
        try:
            state = host.serve(about_words(self._chip, self._file))
        finally:
            self._host = None
            pipe.close()
        with self._changed:
            self._driver = None
            self._barred = str(state) if state.failures else ""
            self._changed.notify_all()

    def _accept(self) -> None:
        while not self._closed.is_set():
            try:
                link, _ = self._listening.accept()
            except OSError:  # too many open files, perhaps, which others will close again
                self._closed.wait(_BREATH)
                continue
            if self._knocking.acquire(blocking=False):
                threading.Thread(target=self._admit, args=(link,), name="nwlab admits a visitor", daemon=True).start()
            else:
                link.close()

    def _admit(self, link: socket.socket) -> None:
        try:
            visitor = door.admit(link, self.token)
            if visitor.role == door.WATCH:
                self._audience.add(Pipe(link), Message("ready", about_words(self._chip, self._file)))
            else:
                self._queue(visitor, Pipe(link))
        except Exception:  # whatever a visitor brings along, nobody else is to be bothered with it
            link.close()
        finally:
            self._knocking.release()

    def _queue(self, visitor: door.Visitor, pipe: Pipe) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._driver is None, _PARTING)
            refusal = self._refusal()
            if not refusal:
                self._driver = visitor
        if refusal:
            pipe.send(failure_message(UsageError(refusal)), patience=1.0)
            pipe.close()
        else:
            self._waiting.put((visitor, pipe))

    def _refusal(self) -> str:
        if self._barred:
            return f"the bench is barred: {self._barred}; look at the instruments and start the service anew"
        if self._driver is not None:
            return f"the bench is being driven by {self._driver.who or 'somebody'}; one at a time"
        return ""


def connect(address: str) -> OpenChip:
    """Open a served bench to drive it; raises UsageError for a wrong token or while another drives, WireError."""
    pipe = _visit(address, door.DRIVE)
    try:
        chip = RemoteChip(pipe)
    except BaseException:
        pipe.close()
        raise
    return OpenChip(chip, about_of(chip.about))


def observe(address: str) -> Iterator[Message]:
    """Yield what happens on a served bench, beginning with what it is; raises UsageError or WireError."""
    pipe = _visit(address, door.WATCH)
    try:
        while True:
            message = pipe.receive()
            if message is not None:
                door.refusal(message)
                yield message
    finally:
        pipe.close()


def _visit(address: str, role: str) -> Pipe:
    place, token = _place(address), os.environ.get(TOKEN, "")
    try:
        link = socket.create_connection(place, _CONNECT)
    except OSError as error:
        raise WireError(f"no bench answers at {address}: {error}; is `nwlab serve-bench` running there?") from error
    try:
        door.knock(link, token, role, f"{getuser()} (process {os.getpid()})")
    except BaseException:
        link.close()
        raise
    return Pipe(link)


def _place(address: str) -> tuple[str, int]:
    if "@" in address:
        raise UsageError(f"a token does not belong into an address, which is kept in records; set {TOKEN} instead")
    try:
        parts = urlsplit(address)
        scheme, host, port = parts.scheme, parts.hostname, parts.port
    except ValueError as error:
        raise UsageError(f"a served bench is written tcp://host:port, not {address!r}: {error}") from error
    if scheme != "tcp" or not host or not port:
        raise UsageError(f"a served bench is written tcp://host:port, not {address!r}")
    return host, port


def _listen(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except (OSError, OverflowError) as error:
        raise UsageError(f"cannot listen on port {port} of {host}: {error}; ask for another --port") from error
