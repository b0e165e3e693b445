"""nwlab: instruments, models and protocols for memristive nanowire networks.

with nwlab.open_bench("virtual") as chip:
    run = nwlab.run(nwlab.load_protocol("stochastic"), chip)
run.conductance
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nwlab.core.chip import Chip
    from nwlab.core.drive import Drive, Force, Quantity
    from nwlab.core.expect import Expect, Expectation
    from nwlab.core.limits import Limits
    from nwlab.core.reading import Reading
    from nwlab.core.result import Result
    from nwlab.lab.opening import load_chip, open_bench, open_model
    from nwlab.lab.run_view import Run, load_run
    from nwlab.lab.running import load_protocol, run

__version__ = "0.1.0"

__all__ = [
    "Chip",
    "Drive",
    "Expect",
    "Expectation",
    "Force",
    "Limits",
    "Quantity",
    "Reading",
    "Result",
    "Run",
    "load_chip",
    "load_protocol",
    "load_run",
    "open_bench",
    "open_model",
    "run",
]

_PLACES = {
    "Chip": "nwlab.core.chip",
    "Drive": "nwlab.core.drive",
    "Expect": "nwlab.core.expect",
    "Expectation": "nwlab.core.expect",
    "Force": "nwlab.core.drive",
    "Limits": "nwlab.core.limits",
    "Quantity": "nwlab.core.drive",
    "Reading": "nwlab.core.reading",
    "Result": "nwlab.core.result",
    "Run": "nwlab.lab.run_view",
    "load_chip": "nwlab.lab.opening",
    "load_protocol": "nwlab.lab.running",
    "load_run": "nwlab.lab.run_view",
    "open_bench": "nwlab.lab.opening",
    "open_model": "nwlab.lab.opening",
    "run": "nwlab.lab.running",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first asked for, so that `import nwlab` costs nothing."""
    if name not in _PLACES:
        raise AttributeError(f"module 'nwlab' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_PLACES[name]), name)
