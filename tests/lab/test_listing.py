import json
import subprocess
import sys

from nwlab.lab.listing import listing
from nwlab.protocol import programming, steps


def test_every_step_is_listed_with_a_sentence() -> None:
    listed = listing("steps")
    functions = [
        name
        for module in (steps, programming)
        for name, value in vars(module).items()
        if getattr(value, "__module__", "") == module.__name__
    ]
    public = {name.rstrip("_") for name in functions if not name.startswith("_")}
    assert {step["name"] for step in listed} == public
    assert all(step["about"].endswith((".", "loop.")) for step in listed)


def test_the_command_prints_arrays_for_scripts() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "nwlab", "list", "protocols", "--json"], capture_output=True, text=True, check=True
    )
    assert {"stochastic", "pulses"} <= {entry["name"] for entry in json.loads(done.stdout)}
