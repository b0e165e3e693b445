"""What a twin is asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from nwlab.core.errors import UsageError
from nwlab.model.chip_file import ChipFile, load_chip
from nwlab.twin import film_order, network_order
from nwlab.twin.alarms import FALSE_ALARM_STEPS
from nwlab.twin.companion import Companion
from nwlab.twin.film_order import FILTERS
from nwlab.twin.network_companion import NetworkCompanion
from nwlab.twin.network_order import BEST, ENSEMBLE, KALMAN

EVERY = tuple(dict.fromkeys((BEST, *FILTERS, *KALMAN, *ENSEMBLE)))
"""Filters of all kinds of twins."""


@dataclass(frozen=True, slots=True)
class TwinOrder:
    """Crosses to the twin's process as JSON."""

    chip: str  # path of the chip file
    filter: str = BEST
    false_alarm_steps: float = FALSE_ALARM_STEPS
    leads: Sequence[float] = ()  # Ohm before each terminal, besides what the chip's file says
    return_lead: float = 0.0  # Ohm between common and a source's LO that is there

    def companion(self, file: ChipFile | None = None) -> Companion | NetworkCompanion:
        """Make the twin; raises FileError, and UsageError for a chip or a filter that is none for a twin.

        `file` is what stands in the chip file where that was read before.
        """
        if self.filter not in EVERY:
            raise UsageError(f"a twin's filter is one of {', '.join(EVERY)}, not {self.filter!r}")
        file = (load_chip(self.chip) if file is None else file).behind(self.leads)
        network = network_order.network_companion(file, self.filter, self.false_alarm_steps, self.return_lead)
        if network is not None:
            return network
        name = next(iter(FILTERS)) if self.filter == BEST else self.filter
        return film_order.film_companion(file, name, self.false_alarm_steps)

    def rehearse(self) -> None:
        """Compile what the twin will run, so that it does not fall behind once its run has begun."""
        file, companion = load_chip(self.chip), self.companion()
        if isinstance(companion, NetworkCompanion):
            network_order.rehearse_network(companion)
        else:
            film_order.rehearse_film(file, companion)
