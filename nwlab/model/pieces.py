"""How finely a film cuts its time, in compiled play and otherwise; `nwlab.model.network_film` tells why."""

BEND, BEND_CHARGING = 1e-2, 1e-3
"""Of the conductance, within a piece; less with capacitors, where the mean is taken from the middle."""

CHARGING = 4e-3
"""Of the largest potential: distance between one Euler step and two half ones."""

SHORTEST = 1e-12
"""s."""

PATIENCE, SHORTEST_PART = 3000, 1e-4
"""A junction that hovers at a threshold never settles: after so many pieces none is shorter than this part of all."""

FADING, NUDGE, FINEST = 0.3, 1e-6, 256.0
"""Of a chance deviation that may be forgotten within a piece; the deviation that is tried; pieces that do for this."""
