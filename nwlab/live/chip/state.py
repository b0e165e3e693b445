"""What is done to each terminal now, and between which of them current is meant to flow."""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.live.look.words import quantity
from nwlab.live.scene.roles import Role
from nwlab.live.scene.scene import Scene, pair_of


@dataclass(frozen=True, slots=True)
class TerminalState:
    """One terminal, as far as it is known; values are the newest of the pair that is forced there."""

    role: Role = Role.OPEN
    is_limited: bool = False  # whether the newest sample is in compliance
    voltage: float | None = None  # V
    current: float | None = None  # A
    conductance: float | None = None  # S

    @property
    def values(self) -> tuple[str, ...]:
        """Voltage and current with units, as far as there are any."""
        pairs = ((self.voltage, "V"), (self.current, "A"))
        return tuple(quantity(value, unit) for value, unit in pairs if value is not None)

    def told(self, name: str) -> str:
        """Return all that is known, a line each."""
        first = f"{name}: {self.role.value}{', in compliance' if self.is_limited else ''}"
        known = () if self.conductance is None else (quantity(self.conductance, "S"),)
        return "\n".join((first, *self.values, *known))


@dataclass(frozen=True, slots=True)
class ChipState:
    """All terminals by name, and the ways of the current from where it is driven."""

    terminals: dict[str, TerminalState]
    ways: tuple[tuple[str, str], ...] = ()

    @property
    def outline(self) -> object:
        """Return all but the values; equal when only these have changed."""
        marks = [(name, state.role, state.is_limited, len(state.values)) for name, state in self.terminals.items()]
        return marks, self.ways

    def of(self, name: str) -> TerminalState:
        """Return the state of a terminal; open when nobody knows it."""
        return self.terminals.get(name, TerminalState())


def state_of(scene: Scene) -> ChipState:
    """Return what a scene says of the chip at this moment."""
    found = dict(enumerate(map(TerminalState, scene.roles)))
    drive = scene.acting
    for force in () if drive is None else drive.forces:
        found[force.terminal] = _forced(scene, force)
    names = scene.terminals
    ways = () if drive is None else _ways(drive)
    return ChipState(
        {names[index]: state for index, state in found.items()},
        tuple((names[begin], names[end]) for begin, end in ways),
    )


def _forced(scene: Scene, force: Force) -> TerminalState:
    role, line = scene.roles[force.terminal], scene.lines.get(pair_of(force))
    if line is None:
        return TerminalState(role)
    return TerminalState(role, line.is_limited, *(line.last.get(unit) for unit in ("V", "A", "S")))


def _ways(drive: Drive) -> list[tuple[int, int]]:
    """From each driven terminal to its low side; without one, to all that is tied to common or held at 0 V there."""
    driven = [force for force in drive.forces if force.levels.any()]
    held = [force.terminal for force in drive.forces if _holds_zero(force)]
    return [
        (force.terminal, end)
        for force in driven
        for end in ((*drive.ground, *held) if force.low is None else (force.low,))
    ]


def _holds_zero(force: Force) -> bool:
    return force.low is None and force.quantity is Quantity.VOLTAGE and not force.levels.any()
