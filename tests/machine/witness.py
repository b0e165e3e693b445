"""Watches the table at every change: ceilings that hold, relays that move cold."""

from __future__ import annotations

from machine.laboratory import LIMITS, Laboratory

from nwlab.virtual.witness import Moment

REACTION = 50e-6
"""S that an instrument may take to react: two channels that step together pass through levels of both drives."""
TOLERANCE = 1.01
"""Of a ceiling: what an instrument states for its own source and limit, at the most."""
OFFSET = 6e-3
"""V that a source of the 20 V range may be off by."""
COLD = 0.02
"""V across a relay that moves cold: the dry-circuit level of contact tests, below which nothing melts or arcs. Sources
at zero leave less than a millivolt; the smallest level that a drive here has is ten times as much."""


class Witness:
    """Complaints about the table. A relay that opens under voltage is set apart in `hot`, for the caller to judge."""

    def __init__(self, laboratory: Laboratory) -> None:
        self.complaints: list[str] = []
        self.hot: list[str] = []
        self.moments = 0
        self._laboratory = laboratory
        self.sensed = False  # whether the drive regulates a voltage elsewhere than where it forces
        self._stands = (0.0, "")  # since when, and what is beyond a ceiling since then
        laboratory.world.watch(self)

    def __call__(self, moment: Moment) -> None:
        self.moments += 1
        if not moment.after:
            self.settle(moment.time)
            self._look_at_relays(moment)
            return
        self._stands = (moment.time, self._beyond(moment))
        self._look_at_relays(moment)

    def settle(self, now: float) -> None:
        """Judge what has stood until now."""
        since, beyond = self._stands
        if beyond and now - since > REACTION:
            self.complaints.append(f"{beyond} from {since} s to {now} s")
            self._stands = (now, "")

    def _beyond(self, moment: Moment) -> str:
        """Say what is beyond a ceiling.

        An SMU with sense ends of its own limits the voltage there and nowhere else, and once it is limited there, an
        ideal source gives any current for it: nothing can be promised then.
        """
        if not self.sensed:
            return _too_high(moment) or _too_much(moment)
        return "" if (text := _too_much(moment)) and self._limited_afar() else text

    def _limited_afar(self) -> bool:
        laboratory = self._laboratory
        return any(
            smu.source.remote and laboratory.world.present(smu.port).in_compliance for smu in laboratory.smu.smus
        )

    def _look_at_relays(self, moment: Moment) -> None:
        if not self._laboratory.matrix.told:
            return
        closing = self._laboratory.matrix.driven
        for crosspoint, across in moment.moving.items():
            if abs(across) > COLD:
                what = "closes" if crosspoint in closing else "opens"
                text = f"relay {crosspoint} {what} at {moment.time} s with {across:.3g} V"
                (self.complaints if crosspoint in closing else self.hot).append(text)


def _too_high(moment: Moment) -> str:
    span = max(moment.potentials.values()) - min(moment.potentials.values())
    return f"{span} V between terminals" if span > LIMITS.voltage * TOLERANCE + OFFSET else ""


def _too_much(moment: Moment) -> str:
    places = {f"out of channel {name}": current for name, current in moment.currents.items()}
    places |= {f"through terminal {name}": current for name, current in moment.through.items()}
    most = LIMITS.current * TOLERANCE
    return next((f"{current} A {place}" for place, current in places.items() if abs(current) > most), "")
