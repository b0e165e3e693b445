"""The README is a test: its sessions run word for word."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text("utf-8")
SESSIONS = [block for block in re.findall(r"```python\n(.*?)```", README, re.DOTALL) if "import" in block]
COMMANDS = [line.split("#")[0].strip() for line in re.findall(r"^nwlab .*$", README, re.MULTILINE)]
ELSEWHERE = ("serve", "serve-bench", "stop", "pause", "bench", "gui")
"""Commands that tests of their own type."""


@pytest.mark.parametrize("session", SESSIONS, ids=[session.split("\n")[-2][:40] for session in SESSIONS])
def test_a_session_of_the_readme(session: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", session], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout


@pytest.mark.slow
def test_the_commands_of_the_readme(tmp_path: Path) -> None:
    """Each command is typed as it stands, but for the ones that go on, or need a run that goes on, or instruments."""
    run = ""
    screens = ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM")  # a window would outlive the test
    blind = {name: value for name, value in os.environ.items() if name not in screens}
    for command in COMMANDS:
        words = [word.replace("runs/…", run) for word in shlex.split(command)[1:]]
        if words[0] in ELSEWHERE or "mybench.toml" in words or "--resume" in words:
            continue
        done = subprocess.run(
            [sys.executable, "-m", "nwlab", *words],
            cwd=tmp_path,
            env=blind,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, f"{command}: {done.stderr}"
        found = re.search(r"^run: +(\S+)", done.stdout, re.MULTILINE)
        run = found[1] if found else run
    assert (tmp_path / "data.h5").is_file()


def test_pictures_and_files_that_the_readme_names_exist() -> None:
    named = re.findall(r"\]\(([^)#:]+)\)", README) + re.findall(r"`((?:instruments|protocols|nwlab)/[\w./-]+)`", README)
    missing = [name for name in named if not (ROOT / name).exists()]
    assert not missing
