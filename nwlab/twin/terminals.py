"""The terminals of a run and those of a twin's chip."""

from __future__ import annotations

from dataclasses import replace

from nwlab.core.drive import Drive


def placed(terminals: tuple[str, ...], names: tuple[str, ...]) -> list[int] | None:
    """Find a run's terminals in a model: by name, or by number where it knows none of the names; None = not at all."""
    known = set(terminals)
    if known.issuperset(names):
        return [terminals.index(name) for name in names]
    if known.isdisjoint(names) and len(names) <= len(known):
        return list(range(len(names)))
    return None


def misfit(terminals: tuple[str, ...], names: tuple[str, ...]) -> str:
    """Say why a run's terminals are not those of a model."""
    return f"its chip has terminals {', '.join(terminals)}, the run has {', '.join(names)}"


def renumbered(drive: Drive, place: list[int]) -> Drive:
    """Return a drive whose terminal i is called place[i]."""
    if place == list(range(len(place))):
        return drive
    forces = tuple(
        replace(
            force,
            terminal=place[force.terminal],
            low=None if force.low is None else place[force.low],
            sense=None if force.sense is None else (place[force.sense[0]], place[force.sense[1]]),
        )
        for force in drive.forces
    )
    return replace(drive, forces=forces, ground=tuple(place[terminal] for terminal in drive.ground))
