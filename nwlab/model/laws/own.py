"""A lab's own junction law: a Python class beside the chip file, or in an installed package.

The class says what it needs, `parameters = {"rate": "1/s", …}` (name → unit; "1" for plain numbers), and is made as
`Law(junctions, rate=…, …)`; what the chip file spreads comes as an array (junctions,), all else as a float in SI. It
has `variables`, `start`, `step` and `conductance` as in `nwlab.model.laws.law`, in plain NumPy; with `live`, too, it
has chance. In state 0 it conducts what a fresh junction does.
"""

from __future__ import annotations

import inspect
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.core.own_code import is_own, own_class
from nwlab.model.laws.law import Law

if TYPE_CHECKING:  # reading a chip file starts no compiler
    from nwlab.model.randomness import Stream

GROUP = "nwlab.laws"
"""Entry points of installed packages that bring laws along."""

_NEEDED = ("parameters", "variables", "start", "step", "conductance")


class OwnLaw:
    """A lab's law, watched: what it returns has the right shape, and conducts a number of at least 0 S."""

    def __init__(self, law: Any, name: str, noise: bool) -> None:
        """`law` is the lab's object, `name` what complaints call it; without `noise` only its `step` is played."""
        self._law, self._name, self._live = law, name, getattr(law, "live", None) if noise else None

    @property
    def fluctuates(self) -> bool:
        """Whether chance moves the junctions."""
        return self._live is not None

    @property
    def variables(self) -> int:
        """How many numbers remember one junction."""
        return int(self._law.variables)

    def start(self, conductance: FloatArray) -> FloatArray:
        """Return the state (variables, junctions) of junctions that conduct this much, (junctions,) S."""
        return self._shaped("start", self._law.start(conductance), (self.variables, len(conductance)))

    def step(self, state: FloatArray, voltage: FloatArray, duration: float) -> FloatArray:
        """Return the state after `duration` s at constant voltage, without chance."""
        return self._shaped("step", self._law.step(state, voltage, duration), state.shape)

    def live(self, state: FloatArray, voltage: FloatArray, duration: float, stream: Stream) -> FloatArray:
        """Return the state after `duration` s at constant voltage, with chance where the lab's law has any."""
        if self._live is None:
            return self.step(state, voltage, duration)
        return self._shaped("live", self._live(state, voltage, duration, stream), state.shape)

    def conductance(self, state: FloatArray) -> FloatArray:
        """Return what each junction conducts, (junctions,) S ≥ 0."""
        found = self._shaped("conductance", self._law.conductance(state), state.shape[1:])
        if found.size and not found.min() >= 0:
            raise UsageError(f"{self._name}: conductance gives {found.min():.4g} S; a junction conducts at least 0 S")
        return found

    def _shaped(self, method: str, result: Any, shape: tuple[int, ...]) -> FloatArray:
        array = np.asarray(result, dtype=np.float64)
        if array.shape != shape:
            raise UsageError(f"{self._name}: {method} gives an array of shape {array.shape}; {shape} is needed")
        if not np.isfinite(array).all():
            raise UsageError(f"{self._name}: {method} gives numbers that are not finite")
        return array


def installed() -> dict[str, Any]:
    """Map names of laws that installed packages bring along to their entry points."""
    return {entry.name: entry for entry in entry_points(group=GROUP)}


def load(name: str, folder: Path) -> Any:
    """Return the class that `name` means: of an installed package, or `file.py:Class` with the file in `folder`.

    Raises FileError for a file that cannot be loaded or has no such class, UsageError for a class that is no law.
    """
    found = own_class(name, folder) if is_own(name) else _installed_class(name)
    parameters = getattr(found, "parameters", None)
    if not inspect.isclass(found):
        raise UsageError(f"{name} is no junction law: it is not a class")
    missing = [part for part in _NEEDED if not hasattr(found, part)]
    if missing:
        raise UsageError(f"{name} is no junction law: it lacks {', '.join(missing)} (see nwlab.model.laws.own)")
    if not isinstance(parameters, dict):
        raise UsageError(f'{name} is no junction law: parameters must be names and units, {{"rate": "1/s", …}}')
    return found


def _installed_class(name: str) -> Any:
    entry = installed()[name]
    try:
        return entry.load()
    except Exception as error:
        raise UsageError(f"{entry.value} cannot be loaded: {type(error).__name__}: {error}") from error


def make(cls: Any, name: str, junctions: int, values: dict[str, Any], noise: bool) -> Law:
    """Make a lab's law for so many junctions; raises UsageError when its construction fails."""
    try:
        return OwnLaw(cls(junctions, **values), name, noise)
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{name} cannot be made: {type(error).__name__}: {error}") from error


def try_out(law: Law, name: str) -> float:
    """Return what a law of one junction conducts in state 0, S; raises UsageError when any of its methods fails."""
    try:
        fresh = law.conductance(np.zeros((law.variables, 1)))
        law.conductance(law.step(law.start(fresh), np.zeros(1), 0.0))
    except UsageError:
        raise
    except Exception as error:
        raise UsageError(f"{name} fails on a fresh junction: {type(error).__name__}: {error}") from error
    return float(fresh[0])
