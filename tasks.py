#!/usr/bin/env python3
"""One command per chore; makes `.venv` beside this file, installs nwlab into it, and goes on.

python3 tasks.py demo        the main job: the stochastic protocol on the virtual bench
python3 tasks.py test        the tests (arguments go to pytest)
python3 tasks.py check       what else continuous integration runs: style, types, slow physics, the built wheel
python3 tasks.py faults      the faults that nwlab must survive, planted one after the other; writes tests/FAULTS.md
python3 tasks.py bench       the benchmarks
python3 tasks.py soak        twelve hours of experiment with a bad wire; --hours 0.2 for a short one
python3 tasks.py soak live-session  two hours at 1 kHz with a window on it, in six minutes; --hours 0.1
python3 tasks.py soak live-frames   100 000 frames of the window's plots; --frames 5000
python3 tasks.py soak identification  whether the errors that fits tell hold, 200 records twice; --records 8
python3 tasks.py soak twin-alarms   how often a twin's alarms are false, and how late; --samples 20000 --chips 2
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
VENV = HERE / ".venv"
STAMP = VENV / "installed-for"


def python() -> Path:
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def run(*command: str | Path, cwd: Path = HERE) -> None:
    """Run a command of ours; its exit code is ours when it fails."""
    done = subprocess.run([str(part) for part in command], cwd=cwd, check=False)
    if done.returncode:
        sys.exit(done.returncode)


def make_venv() -> None:
    try:
        import ensurepip  # noqa: F401
        import venv
    except ImportError:
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        sys.exit(
            "Python's venv module is missing here. On Debian and Ubuntu this mends it:\n"
            f"    sudo apt-get install python{version}-venv\nthen run the same command again."
        )
    print("making .venv …", file=sys.stderr)
    venv.create(VENV, with_pip=True, clear=True)


def install(extras: str) -> None:
    """Install nwlab with its extras unless that was done for this very pyproject.toml."""
    wanted = f"{extras}\n{(HERE / 'pyproject.toml').read_text(encoding='utf-8')}"
    if STAMP.exists() and STAMP.read_text(encoding="utf-8") == wanted:
        return
    if not python().exists():
        make_venv()
    print("installing nwlab and what it needs into .venv …", file=sys.stderr)
    run(python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--editable", f".[{extras}]")
    STAMP.write_text(wanted, encoding="utf-8")


def demo(arguments: list[str]) -> None:
    if not STAMP.exists():
        install("hdf5")
    run(python(), "-m", "nwlab", "run", "stochastic", *arguments)


def test(arguments: list[str]) -> None:
    install("test")
    if arguments:
        run(python(), "-m", "pytest", *arguments)
        return
    suite("not slow")


def suite(which: str, beside: subprocess.Popen[bytes] | None = None) -> None:
    """Run tests on all processors, then one by one those that hold programs to times: `beside` has ended by then."""
    run(python(), "-m", "pytest", "-n", "auto", "--dist", "worksteal", "-m", f"{which} and not timed")
    if beside is not None and beside.wait():
        sys.exit(beside.returncode)
    run(python(), "-m", "pytest", "-m", f"{which} and timed")


def bench(arguments: list[str]) -> None:
    install("test")
    run(python(), "-m", "pytest", "-o", "addopts=--import-mode=importlib", "tests/benchmarks", "-s", *arguments)


def faults(arguments: list[str]) -> None:
    install("test")
    run(python(), "-m", "pytest", "-m", "fault", "--trials", "20", "--fault-table", "tests/FAULTS.md", *arguments)


def soak(arguments: list[str]) -> None:
    install("test")
    script, words = "soak", arguments
    if arguments and arguments[0] in ("live-session", "live-frames", "identification", "twin-alarms", "programming"):
        script, words = arguments[0].replace("-", "_"), arguments[1:]
    run(python(), f"tests/soak/{script}.py", *words)


def check(_arguments: list[str]) -> None:
    install("test")
    run(python(), "-m", "ruff", "check", ".")
    run(python(), "-m", "ruff", "format", "--check", ".")
    with subprocess.Popen([python(), "-m", "pyright", "--pythonpath", python()], cwd=HERE) as types:
        suite("slow", beside=types)
    wheel()


def wheel() -> None:
    """Build the wheel, install it alone, and run the demonstration from it, away from the checkout."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        run(python(), "-m", "pip", "wheel", "--quiet", "--no-deps", "--wheel-dir", place, ".")
        run(python(), "-m", "venv", "--system-site-packages", place / "env")
        own = place / "env" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        (built,) = place.glob("nwlab-*.whl")
        paths = subprocess.run(
            [str(python()), "-c", "import site; print(site.getsitepackages()[0])"],
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()
        run(own, "-m", "pip", "install", "--quiet", "--no-deps", built)
        away = place / "away"
        away.mkdir()
        environment = {**os.environ, "PYTHONPATH": paths}
        done = subprocess.run([str(own), "-m", "nwlab", "run", "stochastic"], cwd=away, env=environment, check=False)
        sys.exit(done.returncode) if done.returncode else print("the wheel runs on its own")


TASKS = {"demo": demo, "test": test, "check": check, "faults": faults, "bench": bench, "soak": soak}


def main() -> None:
    if sys.version_info < (3, 11):
        sys.exit(f"nwlab needs Python 3.11 or newer; this is {sys.version.split()[0]}")
    if len(sys.argv) < 2 or sys.argv[1] not in TASKS:
        sys.exit(__doc__)
    if VENV.exists() and not python().exists():
        shutil.rmtree(VENV)
    # Tests start a thousand interpreters, each of which would otherwise compile all modules anew.
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
    TASKS[sys.argv[1]](sys.argv[2:])


if __name__ == "__main__":
    main()
