"""A command of nwlab, played in this process: an interpreter of its own takes longer than most of what is tested.

What a test does to processes, or what a program is started with, needs the real thing.
"""

from __future__ import annotations

import os
import signal
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess

import pytest

from nwlab import cli


def command(*words: str | Path, cwd: Path) -> CompletedProcess[str]:
    """Play a command in a folder; what it prints is returned, and what it changes in the environment forgotten."""
    told, aside = StringIO(), StringIO()
    before, ctrl_c = dict(os.environ), signal.getsignal(signal.SIGINT)
    arguments = [str(word) for word in words]
    try:
        with chdir(cwd), redirect_stdout(told), redirect_stderr(aside), pytest.raises(SystemExit) as ended:
            cli.main(arguments)
    finally:
        signal.signal(signal.SIGINT, ctrl_c)  # which a command that has ended leaves ignored
        os.environ.clear()
        os.environ.update(before)
    assert isinstance(ended.value.code, int), "a command leaves with its exit code"
    return CompletedProcess(arguments, ended.value.code, told.getvalue(), aside.getvalue())
