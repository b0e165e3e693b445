"""The commands that a person types to look around answer at once."""

import subprocess
import sys
import time

import pytest

LOOK = """
import sys
from nwlab.cli import main
try:
    main({arguments!r})
except SystemExit:
    pass
heavy = {{"numpy", "scipy", "numba", "pyvisa", "pymeasure", "matplotlib", "lupa"}} & set(sys.modules)
print("heavy:", sorted(heavy))
"""


@pytest.mark.parametrize("arguments", [["--help"], ["list"], ["list", "steps", "--json"], ["run", "--help"]])
def test_looking_around_imports_nothing_heavy(arguments: list[str]) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(arguments=arguments)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "heavy: []"


@pytest.mark.parametrize("arguments", [["--help"], ["list"]])
def test_looking_around_is_quick(arguments: list[str]) -> None:
    command = [sys.executable, "-m", "nwlab", *arguments]
    times: list[float] = []
    for _ in range(7):
        start = time.perf_counter()
        subprocess.run(command, stdout=subprocess.DEVNULL, check=True)
        times.append(time.perf_counter() - start)
    assert min(times) < 0.15
