"""Computers that cannot show a window: a clear line each, from every command that would, and a run goes on."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from live.test_qt_trouble import BREAK, HIDE

from nwlab.live.system_libraries import EVERYTHING
from nwlab.runs.recording import load_run

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="displays and libraries are named as on Linux"),
]

PROTOCOL = """
name = "short"
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "1 V"
duration = "1 s"
sample = "10 ms"
compliance = "500 uA"
"""
NO_DISPLAY = {"QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
A_DISPLAY = {"QT_QPA_PLATFORM": "", "DISPLAY": ":4711", "WAYLAND_DISPLAY": ""}


@dataclass(frozen=True)
class Trouble:
    """What is the matter with a computer, and what a person must be told."""

    told: str
    remedy: str
    environment: dict[str, str]


def no_display(_: Path) -> Trouble:
    return Trouble("there is no display for a window here", "or with ssh -X", NO_DISPLAY)


def not_installed(folder: Path) -> Trouble:
    _plant(folder, HIDE.format(names=("PySide6", "pyqtgraph")))
    return Trouble("the window needs PySide6 and pyqtgraph", 'pip install "nwlab[gui]"', A_DISPLAY)


def a_version_that_ends_python(folder: Path) -> Trouble:
    info = folder / "PySide6_Essentials-6.12.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: PySide6_Essentials\nVersion: 6.12.0\n")
    remedy = 'pip install "PySide6-Essentials>=6.8,!=6.9.1,!=6.12.0"'
    return Trouble("PySide6 6.12.0 would end Python 3.11", remedy, A_DISPLAY)


def a_library_that_qt_lacks(folder: Path) -> Trouble:
    _plant(folder, BREAK.format(library="libEGL.so.1"))
    return Trouble("needs the library libEGL.so.1", f"sudo apt-get install {EVERYTHING}", A_DISPLAY)


def a_library_that_its_platform_lacks(folder: Path) -> Trouble:
    import PySide6

    source = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    changed = source.read_bytes().replace(b"libxcb-cursor.so.0", b"libxcb-cursor.so.9")
    (folder / "libqxcb.so").write_bytes(changed)
    environment = {**A_DISPLAY, "QT_QPA_PLATFORM": "xcb", "QT_QPA_PLATFORM_PLUGIN_PATH": str(folder)}
    return Trouble("needs the library libxcb-cursor.so.9", f"sudo apt-get install {EVERYTHING}", environment)


TROUBLES = [no_display, not_installed, a_version_that_ends_python, a_library_that_qt_lacks]
TROUBLES += [a_library_that_its_platform_lacks]


def _plant(folder: Path, text: str) -> None:
    (folder / "sitecustomize.py").write_text(text, encoding="utf-8")


@pytest.fixture(params=TROUBLES, ids=lambda make: make.__name__)
def trouble(request: pytest.FixtureRequest, tmp_path: Path) -> Trouble:
    make: Callable[[Path], Trouble] = request.param
    if make is a_version_that_ends_python and sys.version_info >= (3, 12):
        pytest.skip("from Python 3.12 on, None is immortal")
    (tmp_path / "planted").mkdir()
    return make(tmp_path / "planted")


def nwlab(folder: Path, trouble: Trouble, *words: str) -> subprocess.CompletedProcess[str]:
    path = os.pathsep.join(filter(None, (str(folder / "planted"), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, **trouble.environment, "PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    kept = {name: value for name, value in environment.items() if value}
    command = [sys.executable, "-m", "nwlab", *words]
    return subprocess.run(command, cwd=folder, env=kept, capture_output=True, text=True, check=False, timeout=120)


def test_a_run_goes_on_and_says_why_it_has_no_window(tmp_path: Path, trouble: Trouble) -> None:
    (tmp_path / "short.toml").write_text(PROTOCOL)
    done = nwlab(tmp_path, trouble, "run", "short.toml", "--model", "--live", "--json")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["exit"], told["status"], load_run(tmp_path / told["run"]).samples) == (0, "finished", 100)
    (line,) = [line for line in done.stderr.splitlines() if trouble.told in line]
    assert line.startswith("nwlab: no window (the run needs none): ")
    assert trouble.remedy in line
    assert "finished: 100 samples, 1 s on the chip" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_run_that_is_refused_keeps_its_own_code(tmp_path: Path, trouble: Trouble) -> None:
    (tmp_path / "short.toml").write_text(PROTOCOL.replace('"1 V"', '"6 V"'))
    done = nwlab(tmp_path, trouble, "run", "short.toml", "--model", "--live", "--json")
    assert done.returncode == 4, done.stderr
    assert "a level of 6 V exceeds the limit of 5 V" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_window_that_starts_runs_says_the_same(tmp_path: Path, trouble: Trouble) -> None:
    done = nwlab(tmp_path, trouble, "gui")
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert trouble.told in line
    assert trouble.remedy in line


def test_without_a_terminal_there_are_lines_and_one_picture(tmp_path: Path) -> None:
    (tmp_path / "short.toml").write_text(PROTOCOL)
    (tmp_path / "planted").mkdir()
    done = nwlab(tmp_path, no_display(tmp_path), "run", "short.toml", "--model", "--live", "--json")
    assert json.loads(done.stdout)["samples"] == 100
    assert "\x1b" not in done.stderr
    assert done.stderr.count("conductance  A → B") == 1
    assert done.stderr.splitlines()[-1].startswith("finished: 100 samples, 1 s on the chip")
