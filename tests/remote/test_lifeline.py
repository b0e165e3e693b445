"""The end of another process is noticed at once, and its letting go is none."""

from __future__ import annotations

import subprocess
import sys
import threading
import time

import pytest

from nwlab.remote.lifeline import Lifeline

HOLDER = """
import sys, time
from nwlab.remote.lifeline import Lifeline
line = Lifeline(int(sys.argv[1]))
line.hold()
ballast = bytearray(300_000_000)
for place in range(0, len(ballast), 4096):
    ballast[place] = 1
print("ready", flush=True)
if sys.stdin.read(1) == "q":
    line.let_go()
"""

pytestmark = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="robust mutexes are looked for on Linux")


def holder(line: Lifeline) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(line.descriptor)],
        pass_fds=(line.descriptor,),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def test_a_death_is_noticed_before_its_memory_is_gone() -> None:
    line = Lifeline.new()
    assert line is not None
    process, died, times = holder(line), threading.Event(), []
    line.on_death(lambda: (times.append(time.monotonic()), died.set()))
    time.sleep(0.05)
    since = time.monotonic()
    process.kill()
    assert died.wait(5)
    process.communicate()
    gone = time.monotonic()
    assert times[0] - since < gone - since
    assert times[0] - since < 0.05


def test_letting_go_is_no_death() -> None:
    line = Lifeline.new()
    assert line is not None
    process, died = holder(line), threading.Event()
    line.on_death(died.set)
    process.communicate("q", timeout=10)
    assert process.returncode == 0
    assert not died.wait(0.1)
    line.close()
    line.close()


def test_a_line_that_nobody_holds_tells_nothing() -> None:
    line = Lifeline.new()
    assert line is not None
    thread = threading.Thread(target=line.hold)
    thread.start()
    thread.join()
    died = threading.Event()
    line.on_death(died.set)
    assert not died.wait(0.1)
