"""A built-in law at work: its parameters, how junctions differ, and the compiled loops between them."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.model.laws.dispatch import advance, conduct
from nwlab.model.laws.law import LEGACY, Kernel, Parameters, no_spread
from nwlab.model.randomness import Stream


class JunctionLaw:
    """Junctions that obey one of the built-in laws; a CompiledLaw."""

    def __init__(self, parameters: Parameters, spread: FloatArray) -> None:
        """`spread` is (rows, junctions), factors in the order of `parameters.spreads`.

        Raises UsageError for a spread of another shape.
        """
        if spread.ndim != 2 or len(spread) != len(
            parameters.spreads
        ):  # loops in machine code would read beyond its end
            names = ", ".join(parameters.spreads)
            raise UsageError(f"this law spreads {names}: a spread is ({len(parameters.spreads)}, junctions)")
        self.parameters, self.spread = parameters, np.ascontiguousarray(spread, dtype=np.float64)

    @classmethod
    def uniform(cls, parameters: Parameters, junctions: int) -> JunctionLaw:
        """Return the law of junctions that are all alike."""
        return cls(parameters, no_spread(junctions, len(parameters.spreads)))

    @property
    def variables(self) -> int:
        """How many numbers remember one junction."""
        return self.parameters.variables

    @property
    def stepwise(self) -> bool:
        """Whether a step depends on its length, so that nobody may cut it."""
        return self.parameters.code == LEGACY

    @property
    def fluctuates(self) -> bool:
        """Whether chance moves the junctions."""
        return not np.array_equal(self.kernel.constants, self.quiet.constants)

    @cached_property
    def kernel(self) -> Kernel:
        """The law with its chance."""
        return Kernel(self.parameters.code, self.parameters.constants(), self.spread)

    @cached_property
    def quiet(self) -> Kernel:
        """The same without chance."""
        return Kernel(self.parameters.code, self.parameters.still().constants(), self.spread)

    def start(self, conductance: FloatArray) -> FloatArray:
        """Return the state (variables, junctions) of junctions that conduct this much, before their spread."""
        return self.parameters.start(conductance)

    def step(self, state: FloatArray, voltage: FloatArray, duration: float) -> FloatArray:
        """Return the state after `duration` s at constant voltage, without chance."""
        after = self._checked(state, voltage)
        advance(*self.quiet, after, voltage, duration, np.zeros(1, dtype=np.uint64))
        return after

    def live(self, state: FloatArray, voltage: FloatArray, duration: float, stream: Stream) -> FloatArray:
        """Return the state after `duration` s at constant voltage, with its chance."""
        after = self._checked(state, voltage)
        advance(*self.kernel, after, voltage, duration, stream)
        return after

    def conductance(self, state: FloatArray) -> FloatArray:
        """Return what each junction conducts in S, (junctions,)."""
        out = np.empty(self.spread.shape[1])
        conduct(*self.kernel, self._checked(state, out), out)
        return out

    def _checked(self, state: FloatArray, voltage: FloatArray) -> FloatArray:
        """Return a copy of the state; machine code would read beyond the end of arrays that are too short."""
        wanted = (self.variables, self.spread.shape[1])
        if state.shape != wanted or voltage.shape != wanted[1:]:
            found = f"{state.shape} and {voltage.shape}"
            raise UsageError(f"this law holds a state of {wanted} and voltages of {wanted[1:]}, not {found}")
        return np.array(state, dtype=np.float64, order="C")
