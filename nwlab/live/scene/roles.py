"""What is done to each terminal by a drive."""

from __future__ import annotations

from enum import Enum

import numpy as np

from nwlab.core.drive import Drive


class Role(Enum):
    """What is done to a terminal now."""

    OPEN = "open"
    DRIVEN = "driven"
    READ = "read at zero"  # an ammeter or a voltmeter: forced to 0 V or 0 A
    LOW = "low side"
    GROUNDED = "grounded"
    SENSED = "sensed"


def roles_of(drive: Drive, count: int) -> list[Role]:
    """Return the role of each terminal in a drive; one that is forced counts as that whatever else is done to it."""
    roles = [Role.OPEN] * count
    for force in drive.forces:
        for sensed in force.sense or ():
            roles[sensed] = Role.SENSED
    for force in drive.forces:
        if force.low is not None:
            roles[force.low] = Role.LOW
    for grounded in drive.ground:
        roles[grounded] = Role.GROUNDED
    for force in drive.forces:
        roles[force.terminal] = Role.DRIVEN if bool(np.any(force.levels)) else Role.READ
    return roles
