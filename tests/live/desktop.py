"""A screen that is none, with programs on it that are used by mouse and keyboard as a person would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TypeVar

import numpy as np
import pytest
from PySide6.QtGui import QImage

from nwlab.core.drive import BoolArray

Found = TypeVar("Found")
ROOT = Path(__file__).parents[2]
LONG = 120.0
"""S after which something that should happen counts as never happening."""
_HEADER = np.dtype(">u4")  # of the file in which the server keeps what is seen, in the X Window Dump format


def demand() -> None:
    """Skip, with what to install, where there is no such screen."""
    missing = [name for name in ("Xvfb", "xdotool") if shutil.which(name) is None]
    if missing:
        pytest.skip(f"no {' and no '.join(missing)}: apt-get install xvfb xdotool")


class Desktop:
    """An X server without a monitor, a folder to work in, and a browser that writes down what it is given."""

    def __init__(self, folder: Path, size: tuple[int, int] = (1366, 768)) -> None:
        self.folder, self._frames = folder, folder / ".screen"
        self._frames.mkdir(parents=True)
        self._stack = ExitStack()
        self._environment = self._variables(self._serve(*size))

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command of nwlab."""
        with (self.folder / f"{words[0]}.err").open("wb") as errors:
            process = subprocess.Popen(
                [sys.executable, "-m", "nwlab", *words],
                cwd=self.folder,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=errors,
            )
        self._stack.callback(_end, process)
        return process

    def window(self, title: str) -> int:
        """Wait for a window whose title a pattern fits, and give it the keyboard, as a window manager would."""
        found = wait(lambda: self._xdotool("search", "--onlyvisible", "--name", title, fails=True).split())
        self._xdotool("windowfocus", "--sync", found[-1])
        return int(found[-1])

    def is_gone(self, window: int) -> bool:
        """Whether a window is not there any more."""
        return not self._xdotool("getwindowname", str(window), fails=True)

    def place(self, window: int) -> tuple[slice, slice]:
        """Return rows and columns of the screen that a window covers."""
        said = self._xdotool("getwindowgeometry", "--shell", str(window))
        x, y, width, height = (int(number) for number in re.findall(r"(?:X|Y|WIDTH|HEIGHT)=(-?\d+)", said))
        return slice(max(y, 0), y + height), slice(max(x, 0), x + width)

    def press(self, *keys: str) -> None:
        """Press keys or combinations of them, one after the other."""
        self._xdotool("key", "--delay", "60", *keys)

    def press_in(self, window: int, *keys: str) -> None:
        """Go to a window and press keys."""
        self._xdotool("windowfocus", "--sync", str(window))
        self.press(*keys)

    def write(self, text: str) -> None:
        """Type in place of what stands in a field."""
        self.press("ctrl+a")
        self._xdotool("type", "--delay", "20", text)

    def point(self, row: int, column: int) -> None:
        """Move the mouse."""
        self._xdotool("mousemove", str(column), str(row))

    def click(self, spot: tuple[int, int]) -> None:
        """Click at a row and a column."""
        self.point(*spot)
        self._xdotool("click", "1")

    def see(self) -> np.ndarray:
        """Return red, green and blue of each px; (height, width, 3)."""
        raw = next(self._frames.glob("Xvfb_screen*")).read_bytes()
        header = np.frombuffer(raw, _HEADER, 25)
        width, height, line, start = int(header[4]), int(header[5]), int(header[12]), int(header[0] + 12 * header[19])
        whole = np.frombuffer(raw, np.uint8, line * height, start).reshape(height, line // 4, 4)
        return whole[:, :width, 2::-1].copy()

    def picture(self) -> QImage:
        """Return what is seen, to be kept."""
        seen = np.ascontiguousarray(self.see())
        height, width, _ = seen.shape
        return QImage(seen.tobytes(), width, height, 3 * width, QImage.Format.Format_RGB888).copy()

    def coloured(self, colour: str, part: tuple[slice, slice] | None = None) -> BoolArray:
        """Return which px have exactly a colour, elsewhere than in a part none; (height, width)."""
        same: BoolArray = (self.see() == [int(colour[i : i + 2], 16) for i in (1, 3, 5)]).all(axis=2)
        if part is not None:
            inside = np.zeros_like(same)
            inside[part] = True
            same &= inside
        return same

    def __enter__(self) -> Desktop:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.picture().save(str(self.folder / "screen.png"))  # for whoever looks into a failure
        self._stack.close()

    @property
    def browsed(self) -> list[str]:
        """What the browser was given."""
        place = self.folder / "browsed"
        return place.read_text("utf-8").splitlines() if place.exists() else []

    def _serve(self, width: int, height: int) -> str:
        command = ["Xvfb", "-displayfd", "1", "-screen", "0", f"{width}x{height}x24", "-fbdir", str(self._frames)]
        server = subprocess.Popen(
            [*command, "-nolisten", "tcp", "-noreset"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
        )
        self._stack.callback(_end, server)
        assert server.stdout is not None
        with server.stdout as said:
            return f":{said.readline().decode().strip()}"

    def _variables(self, display: str) -> dict[str, str]:
        """Settings that are nobody's."""
        browser = self.folder / "browser"
        browser.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{self.folder}/browsed"\n', "utf-8")
        browser.chmod(0o755)
        paths = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
        own = {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "BROWSER": str(browser), "PYTHONPATH": paths}
        return {**os.environ, **own, "XDG_CONFIG_HOME": str(self.folder / ".config")}

    def _xdotool(self, *words: str, fails: bool = False) -> str:
        done = subprocess.run(
            ["xdotool", *words], env=self._environment, capture_output=True, text=True, check=False, timeout=LONG
        )
        assert fails or done.returncode == 0, f"xdotool {' '.join(words)}: {done.stderr}"
        return done.stdout


def wait(look: Callable[[], Found], within: float = LONG) -> Found:
    """Look until there is something, and return it."""
    until = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < until, "it never came"
        time.sleep(0.1)
    return found


def middle(same: BoolArray) -> tuple[int, int]:
    """Return row and column of the middle of what has a colour."""
    rows, columns = np.nonzero(same)
    return int(rows.min() + rows.max()) // 2, int(columns.min() + columns.max()) // 2


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(LONG)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
