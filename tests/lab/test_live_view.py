"""`nwlab run --live` on real terminals, and whatever becomes of them."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from plot.screen import Screen

from nwlab.runs.recording import load_run

pytestmark = pytest.mark.slow

PROTOCOL = """\
name = "long"
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "1 V"
duration = "200 s"
sample = "50 ms"
compliance = "500 uA"
"""


_END = b"\x1b[J"
"""What ends a picture."""


def start(folder: Path, errors: int, **environment: str) -> subprocess.Popen[bytes]:
    (folder / "long.toml").write_text(PROTOCOL, encoding="utf-8")
    command = [sys.executable, "-m", "nwlab", "run", "long.toml", "--chip", "resistor-10k", "--json", "--live"]
    told = {**blind(), "TERM": "xterm-256color", **environment}
    return subprocess.Popen(command, cwd=folder, env=told, stdout=subprocess.PIPE, stderr=errors)


def blind() -> dict[str, str]:
    """An environment in which no window can come up, which would stay when the test is over."""
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")
    return {name: value for name, value in os.environ.items() if name not in screens}


def finished(process: subprocess.Popen[bytes], folder: Path) -> None:
    told = json.loads(process.communicate(timeout=120)[0])
    assert process.returncode == 0
    assert (told["status"], told["samples"]) == ("finished", 4_000)
    assert load_run(folder / told["run"]).samples == 4_000


def resize(terminal: int, columns: int, lines: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


@pytest.fixture
def terminal() -> Iterator[tuple[int, int]]:
    """Both ends of a terminal of 80 x 24 characters: the person's and the program's."""
    ends = pty.openpty()
    resize(ends[1], 80, 24)
    yield ends
    for end in ends:
        os.close(end)


def look(near: int, process: subprocess.Popen[bytes], screen: Screen, at_picture: Callable[[int], None]) -> None:
    """Read until the program has ended; `at_picture` is called after each picture."""
    pictures, waiting = 0, b""
    while process.poll() is None or select.select([near], [], [], 0)[0]:
        if not select.select([near], [], [], 0.1)[0]:
            continue
        waiting += os.read(near, 65_536)
        while _END in waiting:
            picture, _, waiting = waiting.partition(_END)
            screen.write((picture + _END).decode())
            at_picture(pictures)
            pictures += 1
    screen.write(waiting.decode())


def test_on_a_terminal_the_plot_is_drawn_in_place(tmp_path: Path, terminal: tuple[int, int]) -> None:
    near, far = terminal
    screen, seen = Screen(), []
    process = start(tmp_path, far, PYTHONIOENCODING="utf-8")
    look(near, process, screen, lambda number: seen.append(screen.text))
    finished(process, tmp_path)
    assert len(seen) >= 2
    assert any(re.search(r"A → B +\S+ uS +1 V +\S+ uA", text) and "% " in text for text in seen)
    assert "no window" in screen.text
    assert screen.text.partition("instead")[2].count("conductance") == 1
    assert "200 s" in screen.text
    assert "finished: 4000 samples, 3 min 20 s on the chip" in screen.text


def test_a_terminal_that_changes_its_size_all_the_time(tmp_path: Path, terminal: tuple[int, int]) -> None:
    near, far = terminal
    screen = Screen()

    def another(number: int) -> None:
        columns, lines = ((40, 10), (132, 50), (1, 1), (80, 24))[number % 4]
        resize(far, columns, lines)
        screen.resize(columns, lines)

    process = start(tmp_path, far, PYTHONIOENCODING="utf-8")
    look(near, process, screen, another)
    finished(process, tmp_path)


def test_a_reader_that_goes_away(tmp_path: Path) -> None:
    near, far = os.pipe()
    process = start(tmp_path, far)
    os.close(far)
    while not list(tmp_path.glob("runs/*/blocks.bin")):
        assert process.poll() is None
        time.sleep(0.01)
    os.close(near)
    finished(process, tmp_path)


def test_a_terminal_that_hangs(tmp_path: Path, terminal: tuple[int, int]) -> None:
    """Nobody reads, as after Ctrl-S: the picture waits, the run and the end of the program do not."""
    near, far = terminal
    os.set_blocking(far, False)
    with contextlib.suppress(BlockingIOError):
        while True:
            os.write(far, b"x" * 1024)
    os.set_blocking(far, True)
    finished(start(tmp_path, far), tmp_path)
    assert set(os.read(near, 65_536)) == {ord("x")}


def test_a_program_without_stderr(tmp_path: Path) -> None:
    (tmp_path / "long.toml").write_text(PROTOCOL, encoding="utf-8")
    command = f"exec {sys.executable} -m nwlab run long.toml --model --json --live 2>&-"
    done = subprocess.run(["sh", "-c", command], cwd=tmp_path, env=blind(), stdout=subprocess.PIPE, check=True)
    assert json.loads(done.stdout)["status"] == "finished"
