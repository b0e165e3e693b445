"""A TCP port of this computer, with a thread for each client."""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import select
import socket
import threading
from collections.abc import Callable

from nwlab.core.errors import UsageError

_PATIENCE = 1.0  # s, real

Handler = Callable[[socket.socket], None]


class Listener:
    """Accepts clients on one loopback port and hands each to `handle`, until closed."""

    def __init__(self, name: str, host: str, port: int, handle: Handler, *, exclusive: bool = False) -> None:
        self._handle, self._exclusive, self._name = handle, exclusive, name
        self._socket = _listen(name, host, port)
        self.host, self.port = self._socket.getsockname()[:2]
        self._clients: dict[socket.socket, threading.Thread] = {}
        self._lock = threading.Lock()
        self._stop, self._stopped = socket.socketpair()
        self._thread = threading.Thread(target=self._accept, name=f"{name} listens", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening and part with every client; a second call does nothing.

        A client whose instrument is in the middle of a long wait is not waited for beyond a second.
        """
        if self._stop.fileno() < 0:
            return
        self._stop.send(b"x")
        self._thread.join()
        with self._lock:
            clients = dict(self._clients)
        for client, thread in clients.items():
            _hang_up(client)
            thread.join(_PATIENCE)
        for each in (self._socket, self._stop, self._stopped):
            each.close()

    def _accept(self) -> None:
        while True:
            ready, _, _ = select.select([self._socket, self._stopped], [], [])
            if self._stopped in ready:
                return
            with contextlib.suppress(OSError):  # the client may have left already
                self._welcome(self._socket.accept()[0])

    def _welcome(self, client: socket.socket) -> None:
        with self._lock:
            if self._exclusive and self._clients:
                client.close()
                return
            thread = threading.Thread(target=self._serve, args=(client,), name=f"{self._name} serves", daemon=True)
            self._clients[client] = thread
            thread.start()

    def _serve(self, client: socket.socket) -> None:
        try:
            with contextlib.suppress(OSError):  # a client that left is no fault
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                acknowledge(client)
                self._handle(client)
        finally:
            with self._lock:
                del self._clients[client]
            client.close()


def acknowledge(client: socket.socket) -> None:
    """Have what comes next acknowledged at once: Linux forgets this wish after each read.

    Without it a client that writes twice before it reads waits 40 ms for its own system (Nagle's algorithm against a
    delayed acknowledgement).
    """
    if hasattr(socket, "TCP_QUICKACK"):
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)


def _listen(name: str, host: str, port: int) -> socket.socket:
    if host != "localhost" and not _is_loopback(host):
        raise UsageError(f"{name}: virtual instruments are served on this computer only: use 127.0.0.1, not {host}")
    listening = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_STREAM)
    if os.name == "posix":  # elsewhere this would allow two servers on one port
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen()
    except (OSError, OverflowError) as error:
        listening.close()
        raise UsageError(_why_not(name, host, port, error)) from error
    return listening


def _why_not(name: str, host: str, port: int, error: Exception) -> str:
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return f"{name}: port {port} of {host} is in use by another program; stop that, or ask for another port"
    return f"{name}: cannot listen on port {port} of {host}: {error}; ask for another port, or for 0 to get a free one"


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _hang_up(client: socket.socket) -> None:
    with contextlib.suppress(OSError):
        client.shutdown(socket.SHUT_RDWR)
