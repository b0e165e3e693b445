"""Which forces of a drive drive a film between two terminals, 0 and 1, and what they tell of it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from nwlab.core.drive import Drive
from nwlab.core.reading import Reading

_COMMON = -1


@dataclass(frozen=True, slots=True)
class Port:
    """The force whose current the film carries, and the one that holds its other terminal, where there is one."""

    place: int
    other: int | None = None

    @property
    def places(self) -> tuple[int, ...]:
        """The forces at the film's terminals."""
        return (self.place,) if self.other is None else (self.place, self.other)

    def across(self, reading: Reading) -> Reading:
        """Return a reading in which the voltage of the force is that along the film."""
        if self.other is None:
            return reading
        voltage = reading.voltage.copy()
        voltage[:, self.place] -= reading.voltage[:, self.other]
        return replace(reading, voltage=voltage)


def port_of(drive: Drive) -> Port | None:
    """Return what drives the film; None where nothing does, or more than one way leads around it."""
    across, held = _ways(drive)
    if len(across) == 1 and not all(held):
        return Port(across[0])
    if not across and len(held[0]) == len(held[1]) == 1:
        return Port(min(held[0][0], held[1][0]), max(held[0][0], held[1][0]))
    return None


def is_tangled(drive: Drive) -> bool:
    """Whether more than one way leads around the film, so that no reading is its current."""
    across, held = _ways(drive)
    return len(across) + all(held) > 1


def _ways(drive: Drive) -> tuple[list[int], tuple[list[int], list[int]]]:
    """Return the forces across the film, and those from each terminal to common; voltmeters are none beside others."""
    if {0, 1} <= set(drive.ground):
        return [], ([], [])
    meters = {place for place, force in enumerate(drive.forces) if force.is_voltmeter}
    across: list[int] = []
    held: tuple[list[int], list[int]] = ([], [])
    for place, force in enumerate(drive.forces):
        if place in meters and len(meters) < len(drive.forces):
            continue
        low = _COMMON if force.low is None else force.low
        ends = {_COMMON if end in drive.ground else end for end in (force.terminal, low)}
        if ends == {0, 1} or (len(ends) == 2 and drive.ground):
            across.append(place)
        elif len(ends) == 2:
            held[next(iter(ends - {_COMMON}))].append(place)
    return across, held
