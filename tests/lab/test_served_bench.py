"""A bench for others: a token, one driver at a time, observers that only watch, and no bytes that do harm."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import hmac
import json
import os
import pickle
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import psutil
import pytest
from contract import drive, play, volts

import nwlab
from nwlab.core.errors import DriveError, UnsafeError, UsageError, WireError
from nwlab.lab.opening import open_bench
from nwlab.lab.served_bench import TOKEN, observe
from nwlab.remote.message import Message
from nwlab.remote.pipe import Pipe

pytestmark = pytest.mark.timed


class Service:
    def __init__(self, folder: Path, *words: str) -> None:
        command = [sys.executable, "-m", "nwlab", "serve-bench", "virtual", "--chip", "resistor-10k", "--json", *words]
        self.process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
        )
        assert self.process.stdout is not None
        told = json.loads(self.process.stdout.readline())
        self.address, self.token = told["address"], told["token"]
        self.log = folder / "bench.log"

    @property
    def place(self) -> tuple[str, int]:
        host, _, port = self.address.removeprefix("tcp://").rpartition(":")
        return host, int(port)

    def stop(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        _, complaints = self.process.communicate(timeout=20)
        return self.process.returncode, complaints


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    made = Service(tmp_path_factory.mktemp("service"))
    yield made
    if made.process.poll() is None:
        made.stop()


@pytest.fixture
def token(service: Service, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv(TOKEN, service.token)
    return service.token


def test_it_plays_like_any_bench(service: Service, token: str) -> None:
    with open_bench(service.address) as chip:
        assert chip.terminals == ("A", "B")
        assert chip.about.bench == "virtual"
        assert play(chip, drive(volts(1.0))).current[0, 0] == pytest.approx(1e-4, rel=1e-3)
        with pytest.raises(DriveError, match=r"5.5 V exceeds the limit"):
            chip.apply(drive(volts(5.5)))
    assert chip.safe_state is not None
    assert chip.safe_state.confirmed


def test_a_wrong_token_opens_nothing(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(TOKEN, "guessed")
    with pytest.raises(UsageError, match="the token is wrong"):
        open_bench(service.address)


def test_one_drives_at_a_time(service: Service, token: str) -> None:
    with open_bench(service.address) as chip:
        with pytest.raises(UsageError, match=rf"being driven by .*process {os.getpid()}"):
            open_bench(service.address)
        assert play(chip, drive(volts(1.0))).steps == 1
    with open_bench(service.address) as chip:
        assert play(chip, drive(volts(1.0))).steps == 1


def test_observers_see_what_happens_and_can_do_nothing(service: Service, token: str) -> None:
    seen: list[str] = []
    watching = observe(service.address)
    assert next(watching).kind == "ready"
    thread = threading.Thread(target=lambda: seen.extend(message.kind for message in islice(watching, 3)))
    thread.start()
    with open_bench(service.address) as chip:
        play(chip, drive(volts(1.0)))
    thread.join(10)
    assert seen == ["drive", "block", "done"]


@pytest.mark.fault(41, "garbage, half a message, a gigabyte announced: parted with, and the one who drives goes on")
def test_strangers_do_no_harm(service: Service, token: str) -> None:
    with open_bench(service.address) as chip:
        play(chip, drive(volts(1.0), hold=True))
        for data in (
            b"\x80\x04\x95pickle",
            struct.pack(">II", 1 << 30, 1 << 30),
            b"GET / HTTP/1.0\r\n\r\n",
            b"\0",
            b"",
        ):
            with socket.create_connection(service.place, 5) as stranger:
                stranger.sendall(data)
                stranger.settimeout(0.05)
                try:
                    while stranger.recv(4096):
                        pass
                except TimeoutError:
                    pass
        assert play(chip, drive(volts(1.0))).current[0, 0] == pytest.approx(1e-4, rel=1e-3)


@pytest.mark.fault(
    41, "a flood, half a message, a pickle, 40 who say nothing: all parted with, memory bounded, nothing executed"
)
def test_strangers_are_parted_with_and_cost_little(service: Service, token: str, tmp_path: Path) -> None:
    planted = tmp_path / "planted"
    pickled = pickle.dumps(Planting(str(planted)))
    process = psutil.Process(service.process.pid)
    with open_bench(service.address) as chip:
        play(chip, drive(volts(1.0)))
        before = process.memory_info().rss
        silent = [socket.create_connection(service.place, 5) for _ in range(40)]
        parted = [
            flood(service.place, data) for data in (pickled, struct.pack(">II", len(pickled), 0) + pickled, b"\0" * 3)
        ]
        parted += [flood(service.place, struct.pack(">II", 1 << 30, 1 << 30) + b"x" * (1 << 20), times=64)]
        assert process.memory_info().rss - before < 32e6
        assert play(chip, drive(volts(1.0))).current[0, 0] == pytest.approx(1e-4, rel=1e-3)
        assert all(is_parted(link) for link in (*parted, *silent))
        watching = observe(service.address)  # the door is free again
        assert next(watching).kind == "ready"
        assert play(chip, drive(volts(1.0))).current[0, 0] == pytest.approx(1e-4, rel=1e-3)
    assert not planted.exists()
    assert service.process.poll() is None


class Planting:
    """Makes a file where it is unpickled."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, ...]:
        return open, (self.path, "w")


def flood(place: tuple[str, int], data: bytes, times: int = 1) -> socket.socket:
    """Send as much as the other side takes."""
    link = socket.create_connection(place, 5)
    link.settimeout(0.5)
    with contextlib.suppress(OSError):
        for _ in range(times):
            link.sendall(data)
    return link


def is_parted(link: socket.socket) -> bool:
    """Whether the other side ends a connection within a while."""
    with link:
        link.settimeout(15)
        try:
            while link.recv(4096):
                pass
        except TimeoutError:
            return False
        except OSError:
            pass
        return True


@pytest.mark.fault(
    41, "a driver that knows the token and then announces a gigabyte: parted with, safe, the next may drive"
)
@pytest.mark.parametrize("data", [struct.pack(">II", 1 << 30, 0), struct.pack(">II", 9, 0) + b"\x80\x04pickle"])
def test_a_driver_that_turns_to_nonsense_is_parted_with(service: Service, token: str, data: bytes) -> None:
    with contextlib.suppress(WireError), open_bench(service.address) as chip:
        play(chip, drive(volts(1.0), hold=True))
        assert chip._remote is not None
        link = chip._remote._pipe._link
        link.setblocking(True)
        link.sendall(data)
        link.setblocking(False)
        with pytest.raises(
            WireError, match=r"talks nonsense.*safe state confirmed: .*outputs a, b off.*all relays open"
        ):
            play(chip, drive(volts(1.0)))
    with open_bench(service.address) as chip:
        assert play(chip, drive(volts(1.0))).steps == 1


OWN_CHILDREN = {"on_processes.py": {"multiprocessing"}}
"""A sweep's workers are children of its own, behind pipes that nobody else can open."""


@pytest.mark.fault(41, "nothing in nwlab can unpickle, or run what came over a wire")
def test_nothing_is_unpickled() -> None:
    for path in Path(nwlab.__file__).parent.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [each.name for each in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            tops = {name.partition(".")[0] for name in names} - OWN_CHILDREN.get(path.name, set())
            assert not {"pickle", "marshal", "shelve", "dill", "multiprocessing"} & tops, path
            called = node.func if isinstance(node, ast.Call) else None
            assert not isinstance(called, ast.Name) or called.id not in ("eval", "exec"), path


def test_a_driver_that_dies_leaves_a_safe_bench_for_the_next(service: Service, token: str, tmp_path: Path) -> None:
    script = (
        "import numpy as np, os, signal, nwlab\n"
        "from nwlab import Drive, Force, Quantity\n"
        f"chip = nwlab.open_bench({service.address!r})\n"
        "force = Force(0, Quantity.VOLTAGE, np.ones(1), 5e-4, low=1)\n"
        "list(chip.apply(Drive(np.full(1, 0.05), (force,), hold=True)))\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    assert subprocess.run([sys.executable, "-c", script], cwd=tmp_path, check=False).returncode == -signal.SIGKILL
    end = time.monotonic() + 5
    while True:
        try:
            chip = open_bench(service.address)
            break
        except UsageError:
            assert time.monotonic() < end
            time.sleep(0.05)
    with chip:
        assert play(chip, drive(volts(1.0))).steps == 1


def test_a_service_that_vanishes_cannot_be_confirmed_from_afar(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    service = Service(tmp_path)
    monkeypatch.setenv(TOKEN, service.token)
    chip = open_bench(service.address)
    play(chip, drive(volts(1.0), hold=True))
    service.process.kill()
    service.process.communicate()
    with pytest.raises(WireError):
        chip.apply(drive(volts(1.0)))
    with pytest.raises(UnsafeError, match="could NOT be confirmed"):
        chip.close()


def test_stopping_the_service_makes_safe_and_says_so(tmp_path: Path) -> None:
    code, complaints = Service(tmp_path).stop()
    assert code == 0
    assert "safe state confirmed" in complaints


@pytest.mark.fault(41, "a driver from afar cannot have the bench's computer write a file of its choice")
def test_a_driver_from_afar_chooses_no_file(service: Service, token: str, tmp_path: Path) -> None:
    with open_bench(service.address) as chip:
        chip.log_to(tmp_path / "planted")
        assert play(chip, drive(volts(1.0))).steps == 1
    assert not (tmp_path / "planted").exists()
    assert any('"by"' in line for line in service.log.read_text(encoding="utf-8").splitlines())
    assert '"failures": []' in service.log.read_text(encoding="utf-8")


def test_a_token_does_not_belong_into_an_address(service: Service) -> None:
    with pytest.raises(UsageError, match="set NWLAB_TOKEN instead"):
        open_bench(service.address.replace("tcp://", "tcp://secret@"))


def test_an_address_that_is_none_is_told() -> None:
    with pytest.raises(UsageError, match="is written tcp://host:port"):
        open_bench("tcp://nowhere")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with pytest.raises(WireError, match="is `nwlab serve-bench` running there"):
        open_bench(f"tcp://127.0.0.1:{port}")


@pytest.mark.parametrize(
    "address", ["tcp://localhost:99999", "tcp://localhost:no", "tcp://[::1:5", "tcp://localhost:0"]
)
def test_a_port_that_is_none_is_told(address: str) -> None:
    with pytest.raises(UsageError, match="is written tcp://host:port, not"):
        open_bench(address)


def visitor(service: Service, token: str, **words: object) -> Pipe:
    """Come in as somebody who says odd things at the door."""
    pipe = Pipe(socket.create_connection(service.place, 5))
    challenge = pipe.receive(5.0)
    assert challenge is not None
    answer = hmac.new(token.encode(), challenge.words["nonce"].encode(), hashlib.sha256).hexdigest()
    pipe.send(Message("hello", {"answer": answer, "role": "drive", "who": "x", **words}))
    return pipe


@pytest.mark.fault(
    41, "odd answers at the door, names that are none: parted with or written down, and the service goes on"
)
def test_odd_visitors_do_no_harm(service: Service, token: str) -> None:
    refused = visitor(service, token, answer="\xe9\ud800")
    message = refused.receive(5.0)
    assert message is not None
    assert "the token is wrong" in message.words["text"]
    refused.close()
    for who in ("\ud800", "a\x1b[2J\nb", ""):
        nameless = visitor(service, token, who=who)
        message = nameless.receive(5.0)
        assert message is not None
        assert message.kind == "ready"
        with pytest.raises(UsageError, match=r"being driven by .*; one at a time"):
            open_bench(service.address)
        nameless.close()
        time.sleep(0.2)
    with open_bench(service.address) as chip:
        assert play(chip, drive(volts(1.0))).steps == 1
    for line in service.log.read_text(encoding="utf-8").splitlines():
        json.loads(line)
    assert "a?[2J?b" in service.log.read_text(encoding="utf-8")


@pytest.mark.fault(
    41, "a flood of connections uses up what the service may open; afterwards it takes visitors in again"
)
@pytest.mark.skipif(os.name != "posix", reason="a limit of open files")
def test_a_flood_of_visitors_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import resource

    service = Service(tmp_path)
    monkeypatch.setenv(TOKEN, service.token)
    resource.prlimit(service.process.pid, resource.RLIMIT_NOFILE, (48, 48))  # type: ignore[attr-defined]
    watching = [observe(service.address) for _ in range(60)]
    for each in watching:
        with contextlib.suppress(WireError, UsageError):
            next(each)
    for each in watching:
        each.close()  # type: ignore[attr-defined]
    end = time.monotonic() + 30
    while True:
        try:
            chip = open_bench(service.address)
            break
        except WireError:
            assert time.monotonic() < end
            time.sleep(0.1)
    with chip:
        assert play(chip, drive(volts(1.0))).steps == 1
    assert service.stop()[0] == 0


def test_a_bench_at_an_address_of_the_newer_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        pytest.skip("this computer has no IPv6")
    service = Service(tmp_path, "--host", "::1")
    monkeypatch.setenv(TOKEN, service.token)
    assert service.address.startswith("tcp://[::1]:")
    with open_bench(service.address) as chip:
        assert play(chip, drive(volts(1.0))).steps == 1
    assert service.stop()[0] == 0


def test_a_service_that_fails_to_say_that_it_is_ready_makes_safe(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "nwlab", "serve-bench", "virtual", "--chip", "resistor-10k", "--json"]
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(command, cwd=tmp_path, stdout=full, stderr=subprocess.DEVNULL, check=False, timeout=60)
    assert done.returncode != 0
    assert '"what": "stopped"' in (tmp_path / "bench.log").read_text(encoding="utf-8")
