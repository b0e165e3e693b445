"""What a twin is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.core.errors import UsageError
from nwlab.core.units import parse
from nwlab.model.chip_file import ChipFile, load_chip
from nwlab.model.chips.simple import TwoTerminalChip
from nwlab.twin.alarms import FALSE_ALARM_STEPS, Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.network_companion import NetworkCompanion
from nwlab.twin.network_order import BEST, ENSEMBLE, KALMAN, network_companion
from nwlab.twin.scalar import ScalarTwin

FILTERS = {"sum": "a Gaussian sum that knows jumps", "off": "the model alone, which readings do not correct"}
EVERY = tuple(dict.fromkeys((BEST, *FILTERS, *KALMAN, *ENSEMBLE)))
"""Filters of all kinds of twins."""


@dataclass(frozen=True, slots=True)
class TwinOrder:
    """Crosses to the twin's process as JSON."""

    chip: str  # path of the chip file
    filter: str = BEST
    false_alarm_steps: float = FALSE_ALARM_STEPS

    def companion(self) -> Companion | NetworkCompanion:
        """Make the twin; raises FileError, and UsageError for a chip or a filter that is none for a twin."""
        if self.filter not in EVERY:
            raise UsageError(f"a twin's filter is one of {', '.join(EVERY)}, not {self.filter!r}")
        file = load_chip(self.chip)
        network = network_companion(file, self.filter, self.false_alarm_steps)
        if network is not None:
            return network
        name = "sum" if self.filter == BEST else self.filter
        if name not in FILTERS:
            raise UsageError(
                f"chip {file.name!r} ({file.path}) is one film, for which a twin's filter is {' or '.join(FILTERS)}, "
                f"not {self.filter!r}"
            )
        return Companion(_scalar(file, corrects=name == "sum"), Alarms(self.false_alarm_steps))


def _scalar(file: ChipFile, *, corrects: bool) -> ScalarTwin:
    matter = file.matter
    assert isinstance(matter, TwoTerminalChip)
    assert matter.rates is not None
    told = file.fit.get("values", {}).get("read_noise")
    noise = None if told is None else parse(told, "A")
    twin = ScalarTwin(matter.rates, matter.start, noise, corrects=corrects)
    if corrects:
        twin.lose()  # what the chip has been through before the run is not known; its first readings tell
    return twin
