"""No display, no Qt, a Qt that ends the interpreter, a library that the system lacks: a clear line each."""

from __future__ import annotations

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.record import JOURNAL, RunInfo
from nwlab.live import qt_trouble
from nwlab.live.system_libraries import EVERYTHING
from nwlab.runs.player import play
from nwlab.runs.store import Store

linux = pytest.mark.skipif(sys.platform != "linux", reason="displays and libraries are named as on Linux")
HIDE = """
import sys
class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {names!r}:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)
sys.meta_path.insert(0, Hide())
"""
BREAK = """
import sys
class Break:
    def find_spec(self, name, path=None, target=None):
        if name in ("PySide6.QtGui", "PySide6.QtWidgets"):
            raise ImportError("{library}: cannot open shared object file: No such file or directory", name=name)
sys.meta_path.insert(0, Break())
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    play(several(volts([1, 2])), OhmicChip(), (Store(tmp_path / "r", RunInfo("x")),))
    return tmp_path / "r"


def live(run: Path, planted: str = "", **environment: str | None) -> subprocess.CompletedProcess[str]:
    """Open the window of a run in an interpreter into which something was planted."""
    (run.parent / "sitecustomize.py").write_text(planted, encoding="utf-8")
    path = os.pathsep.join(filter(None, (str(run.parent), os.environ.get("PYTHONPATH"))))
    merged = {**os.environ, "PYTHONPATH": path, **environment}
    cleaned = {name: value for name, value in merged.items() if value is not None}
    return start(["live", str(run)], run.parent, cleaned)


def start(words: list[str], cwd: Path, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nwlab", *words]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False, timeout=60)


def refused(done: subprocess.CompletedProcess[str]) -> str:
    """Return the one line that says what is wrong."""
    assert done.returncode == 2, done.stderr
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    return line


@linux
def test_no_display(run: Path) -> None:
    told = refused(live(run, QT_QPA_PLATFORM=None, DISPLAY=None, WAYLAND_DISPLAY=None))
    assert "there is no display for a window here" in told
    assert "`nwlab run … --live` draws in the terminal" in told


@linux
def test_the_window_that_starts_runs_says_the_same(run: Path) -> None:
    blind = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    told = refused(start(["gui"], run.parent, {**blind, "QT_QPA_PLATFORM": ""}))
    assert "there is no display for a window here" in told


@linux
def test_a_display_that_refuses(run: Path) -> None:
    told = refused(live(run, QT_QPA_PLATFORM="xcb", DISPLAY=":4711", WAYLAND_DISPLAY=None))
    assert "could not connect to display :4711" in told
    assert "ssh -X" in told


@pytest.mark.parametrize("names", [("PySide6",), ("pyqtgraph",), ("PySide6", "pyqtgraph")])
def test_not_installed(run: Path, names: tuple[str, ...]) -> None:
    told = refused(live(run, HIDE.format(names=names)))
    assert f"needs {' and '.join(names)}, not installed here" in told
    assert 'pip install "nwlab[gui]"' in told


@pytest.mark.parametrize(
    ("package", "version", "words"),
    [
        ("PySide6_Essentials", "6.12.0", 'pip install "PySide6-Essentials>=6.8,!=6.9.1,!=6.12.0"'),
        ("PySide6_Essentials", "6.9.1", "PySide6 6.9.1 does not work with pyqtgraph"),
        ("PySide6_Essentials", "6.7.2", "PySide6-Essentials 6.7.2 is too old for the window, which needs 6.8"),
        ("pyqtgraph", "0.13.7", "pyqtgraph 0.13.7 is too old for the window, which needs 0.14"),
    ],
)
def test_a_version_that_does_not_work(run: Path, package: str, version: str, words: str) -> None:
    """Qt is not imported: with that version it would end the interpreter."""
    if version == "6.12.0" and sys.version_info >= (3, 12):
        pytest.skip("from Python 3.12 on, None is immortal")
    info = run.parent / f"{package}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: {version}\n", encoding="utf-8")
    told = refused(live(run, BREAK.format(library="nothing")))
    assert words in told
    if version == "6.12.0":
        assert "PySide6 6.12.0 would end Python 3.11" in told


@linux
def test_a_library_that_python_s_import_lacks(run: Path) -> None:
    told = refused(live(run, BREAK.format(library="libEGL.so.1")))
    assert "the window needs the library libEGL.so.1, which this system lacks" in told
    assert "it is in the package libegl1; on Debian and Ubuntu: sudo apt-get install " in told


@linux
def test_a_library_that_the_platform_lacks(run: Path) -> None:
    """Qt would abort with a riddle; a plug-in that asks for a library of no system makes it do so."""
    import PySide6

    source = Path(PySide6.__file__).parent / "Qt" / "plugins" / "platforms" / "libqxcb.so"
    plugins = run.parent / "plugins"
    plugins.mkdir()
    content = source.read_bytes()
    assert b"libxcb-cursor.so.0" in content
    (plugins / "libqxcb.so").write_bytes(content.replace(b"libxcb-cursor.so.0", b"libxcb-cursor.so.9"))
    told = refused(live(run, QT_QPA_PLATFORM="xcb", DISPLAY=":4711", QT_QPA_PLATFORM_PLUGIN_PATH=str(plugins)))
    assert "needs the library libxcb-cursor.so.9, which this system lacks; it is in the package libxcb-cursor0" in told
    assert EVERYTHING in told


def test_a_platform_that_nobody_knows(run: Path) -> None:
    told = refused(live(run, QT_QPA_PLATFORM="teletype"))
    assert 'Qt cannot start: Could not find the Qt platform plugin "teletype"' in told


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="from Python 3.12 on, None is immortal")
def test_a_library_that_lets_go_of_none_is_found_out() -> None:
    release = ctypes.pythonapi.Py_DecRef
    release.argtypes, release.restype = [ctypes.py_object], None
    assert qt_trouble.loses_none(lambda: release(None))
    assert not qt_trouble.loses_none(lambda: None)
    keep = ctypes.pythonapi.Py_IncRef
    keep.argtypes, keep.restype = [ctypes.py_object], None
    for _ in range(100):
        keep(None)


def test_an_import_error_of_our_own_is_not_blamed_on_the_system() -> None:
    assert qt_trouble.of_import(ImportError("cannot import name 'Scene'", name="nwlab.live.scene.scene")) == ""


@linux
def test_without_a_name_the_newest_run_is_shown_and_named(tmp_path: Path) -> None:
    for name, age in (("b", 0.0), ("a", 100.0), ("c", 200.0)):
        play(several(volts([1, 2])), OhmicChip(), (Store(tmp_path / "runs" / name, RunInfo("x")),))
        journal = tmp_path / "runs" / name / JOURNAL
        written = journal.stat().st_mtime - age
        os.utime(journal, (written, written))
    command = [sys.executable, "-m", "nwlab", "live"]
    environment = {**os.environ, "QT_QPA_PLATFORM": "", "DISPLAY": "", "WAYLAND_DISPLAY": ""}
    done = subprocess.run(
        command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60
    )
    named, refusal = done.stderr.splitlines()
    assert named == "nwlab: showing runs/b, the newest run below runs"
    assert "there is no display" in refusal


@pytest.mark.parametrize(("words", "code", "told"), [((), 2, "there is no run below"), (("nowhere",), 3, "nowhere")])
def test_a_run_that_is_not_there(tmp_path: Path, words: tuple[str, ...], code: int, told: str) -> None:
    command = [sys.executable, "-m", "nwlab", "live", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == code
    assert told in done.stderr
    assert "Traceback" not in done.stderr
