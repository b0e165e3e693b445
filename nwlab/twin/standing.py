"""How long a level stands that a drive leaves.

Sources change their function, and the terminals they are at, with outputs off: such a level ends between two drives,
though nobody tells when. It has ended as soon as its drive has, or stood until the next one began, as in a model.
"""

from __future__ import annotations

from nwlab.core.drive import Drive
from nwlab.twin.held import Held
from nwlab.twin.scalar import Twin

_LITTLE = 1e-3
"""Part of a conductance by which what comes of the time between may differ, and not be worth a doubt."""


def is_taken_up(left: Drive | None, drive: Drive) -> bool:
    """Whether what a drive left stands until the next one begins; where nothing is forced next, its start tells."""
    return left is None or not drive.forces or _sources(left) == _sources(drive)


def end(twin: Twin, held: Held, moment: float, gap: float) -> Held:
    """Let a level end at an unknown time of a gap in s that begins at a moment, s; return what is held from then on.

    The twin takes the film to be anywhere between what comes of the earliest and of the latest.
    """
    if not held.stands:
        return held
    law = twin.law
    left = held.after(twin.conductance, max(moment - held.moment, 0.0))
    ends = held.after(left, gap), float(law.conductance(law.relax(law.state(left), 0.0, gap)))
    if max(ends) - min(ends) <= _LITTLE * max(ends):
        held.release(moment)
        return held
    twin.lose((min(ends), max(ends)))
    return Held(law)


def _sources(drive: Drive) -> list[tuple[object, ...]]:
    return [(force.terminal, force.low, force.sense, force.quantity) for force in drive.forces]
