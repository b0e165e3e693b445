"""Which source goes to which terminal, through which relays.

A port hangs on a row or is wired; a terminal hangs on a column. One closed crosspoint joins the two. A force takes a
channel whose HI, LO and sense ends all reach what it names; forces get different channels. Nothing is multiplexed: when
the channels do not suffice, the drive is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from nwlab.core.drive import Drive, Force
from nwlab.core.errors import DriveError
from nwlab.core.wiring import COMMON, Wiring

Crosspoint = tuple[str, str, int]
"""(matrix, row letter, column number)"""


@dataclass(frozen=True, slots=True)
class Route:
    """How a drive reaches the chip."""

    channels: tuple[str, ...]  # one per force, names of the bench file
    closed: frozenset[Crosspoint]

    def of(self, matrix: str) -> frozenset[tuple[str, int]]:
        """Return the crosspoints of one matrix."""
        return frozenset((row, column) for grid, row, column in self.closed if grid == matrix)


class Router:
    """Finds routes in a wiring."""

    def __init__(self, bench: str, wiring: Wiring, channels: Sequence[str]) -> None:
        self._bench, self._wiring, self._channels = bench, wiring, tuple(channels)

    def route(self, drive: Drive, prefer: tuple[str, ...] = ()) -> Route:
        """Find channels and crosspoints for a drive, keeping to `prefer` where it serves; raises DriveError."""
        names = self._wiring.terminals
        if len(drive.forces) > len(self._channels):
            forced = ", ".join(names[force.terminal] for force in drive.forces)
            raise DriveError(
                f"the drive forces {len(drive.forces)} terminals ({forced}), bench {self._bench!r} has "
                f"{len(self._channels)} SMU channels ({', '.join(self._channels)}); "
                "force fewer at once, nothing is multiplexed"
            )
        grounds = self._grounds(drive)
        order = [*prefer, *(channel for channel in self._channels if channel not in prefer)]
        found = self._assign(drive, drive.forces, order)
        if found is None:
            raise DriveError(self._unreachable(drive))
        channels, closed = found
        return Route(channels, frozenset(closed | grounds))

    def _grounds(self, drive: Drive) -> set[Crosspoint]:
        closed: set[Crosspoint] = set()
        for index in drive.ground:
            path = self._path(COMMON, self._wiring.terminals[index])
            if path is None:
                raise DriveError(
                    f"terminal {self._wiring.terminals[index]} cannot be tied to common on bench {self._bench!r}: "
                    "no wire, and no matrix row with common meets its column"
                )
            closed |= path
        return closed

    def _assign(
        self, drive: Drive, forces: Sequence[Force], free: Sequence[str]
    ) -> tuple[tuple[str, ...], set[Crosspoint]] | None:
        """Give the first force each free channel that reaches, then the rest, going back where that fails."""
        if not forces:
            return (), set()
        for channel in free:
            own = self._reach(drive, forces[0], channel)
            rest = None if own is None else self._assign(drive, forces[1:], [name for name in free if name != channel])
            if own is not None and rest is not None:
                return (channel, *rest[0]), own | rest[1]
        return None

    def _reach(self, drive: Drive, force: Force, channel: str) -> set[Crosspoint] | None:
        closed: set[Crosspoint] = set()
        for end, place in self._ends(force, channel):
            path = self._to_common(drive, end) if place == COMMON else self._path(end, place)
            if path is None:
                return None
            closed |= path
        return closed

    def _ends(self, force: Force, channel: str) -> Iterator[tuple[str, str]]:
        names = self._wiring.terminals
        yield f"{channel}.hi", names[force.terminal]
        yield f"{channel}.lo", COMMON if force.low is None else names[force.low]
        if force.sense:
            yield f"{channel}.shi", names[force.sense[0]]
            yield f"{channel}.slo", names[force.sense[1]]

    def _path(self, port: str, place: str) -> set[Crosspoint] | None:
        if (port, place) in self._wiring.wires:
            return set()
        for grid in self._wiring.grids:
            for row, on_row in grid.rows.items():
                for column, on_column in grid.columns.items():
                    if (on_row, on_column) == (port, place):
                        return {(grid.name, row, column)}
        return None

    def _to_common(self, drive: Drive, port: str) -> set[Crosspoint] | None:
        """Reach common directly, or through a terminal that the drive ties to common anyway."""
        direct = self._path(port, COMMON)
        if direct is not None:
            return direct
        through = (self._path(port, self._wiring.terminals[index]) for index in drive.ground)
        return next((path for path in through if path is not None), None)

    def _unreachable(self, drive: Drive) -> str:
        for force in drive.forces:
            if not any(self._reach(drive, force, channel) is not None for channel in self._channels):
                ends = ", ".join(f"{end.split('.')[1].upper()} to {place}" for end, place in self._ends(force, "x"))
                return (
                    f"bench {self._bench!r} has no SMU channel whose ends reach {ends}; "
                    "see rows, columns and wires of its file"
                )
        return f"bench {self._bench!r} can reach each forced terminal, but not all at once with different channels"
