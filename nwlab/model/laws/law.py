"""What a junction law is: how the state of many junctions moves under their voltages, and what they conduct.

States are arrays (variables, junctions); voltages (junctions,) V, signed from the first node of a junction to the
second; conductances (junctions,) S. A law holds no state itself, so that one law serves many chips.

A built-in law is two small files: its parameters in `x.py`, which a chip file is checked against, and its compiled
loops in `x_kernel.py`. `junction_law` makes a law of them, `dispatch` knows the loops by a code.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, NamedTuple, Protocol

import numpy as np

from nwlab.core.drive import FloatArray

if TYPE_CHECKING:  # reading a chip file starts no compiler
    from nwlab.model.randomness import Stream

RATE_BALANCE, LEGACY, TUNNELLING, FIXED, LASTING, DEVICE = range(6)
"""How compiled code tells the laws apart."""


class Law(Protocol):
    """What the film and the batch call need of a law."""

    @property
    def variables(self) -> int:
        """How many numbers remember one junction."""
        ...

    def start(self, conductance: FloatArray) -> FloatArray:
        """Return the state (variables, junctions) of junctions that conduct this much, (junctions,) S."""
        ...

    def step(self, state: FloatArray, voltage: FloatArray, duration: float) -> FloatArray:
        """Return the state after `duration` s at constant voltage, without chance."""
        ...

    def live(self, state: FloatArray, voltage: FloatArray, duration: float, stream: Stream) -> FloatArray:
        """Return the state after `duration` s at constant voltage, with noise and jumps where the law has any."""
        ...

    def conductance(self, state: FloatArray) -> FloatArray:
        """Return what each junction conducts, (junctions,) S ≥ 0."""
        ...


class Kernel(NamedTuple):
    """A law as compiled loops read it; `laws.dispatch` knows which loops belong to `code`."""

    code: int
    constants: FloatArray  # what all junctions share; meaning and order are the law's
    spread: FloatArray  # (rows, junctions) what each junction has of its own; meaning and order are the law's


class CompiledLaw(Law, Protocol):
    """A law that compiled loops can play without asking Python."""

    @property
    def kernel(self) -> Kernel:
        """The law with its chance."""
        ...

    @property
    def quiet(self) -> Kernel:
        """The same without chance."""
        ...


class Parameters(Protocol):
    """What a built-in law is told by its chip file; the same for all junctions but for their spread."""

    code: ClassVar[int]  # which law it is
    variables: ClassVar[int]  # how many numbers remember one junction
    spreads: ClassVar[tuple[str, ...]]  # what may differ from junction to junction, in the order of a spread's rows

    @property
    def rest(self) -> float:
        """What a fresh junction conducts, S."""
        ...

    def constants(self) -> FloatArray:
        """Return the numbers that compiled loops read."""
        ...

    def still(self) -> Parameters:
        """Return the same law without chance."""
        ...

    def start(self, conductance: FloatArray) -> FloatArray:
        """Return the state (variables, junctions) of junctions that conduct this much, before their spread."""
        ...


def no_spread(junctions: int, rows: int = 1) -> FloatArray:
    """Return a spread in which all junctions are alike, (rows, junctions)."""
    return np.ones((rows, junctions))
