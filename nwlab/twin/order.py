"""What a twin is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.core.errors import UsageError
from nwlab.core.units import parse
from nwlab.model.chip_file import ChipFile, load_chip
from nwlab.model.chips.simple import TwoTerminalChip
from nwlab.twin.alarms import FALSE_ALARM_STEPS, Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.scalar import ScalarTwin

FILTERS = {"sum": "a Gaussian sum that knows jumps", "off": "the model alone, which readings do not correct"}


@dataclass(frozen=True, slots=True)
class TwinOrder:
    """Crosses to the twin's process as JSON."""

    chip: str  # path of the chip file
    filter: str = "sum"
    false_alarm_steps: float = FALSE_ALARM_STEPS

    def companion(self) -> Companion:
        """Make the twin; raises FileError, and UsageError for a chip that no twin can follow yet."""
        if self.filter not in FILTERS:
            raise UsageError(f"a twin's filter is one of {', '.join(FILTERS)}, not {self.filter!r}")
        file = load_chip(self.chip)
        return Companion(_scalar(file, corrects=self.filter == "sum"), Alarms(self.false_alarm_steps))


def _scalar(file: ChipFile, *, corrects: bool) -> ScalarTwin:
    matter = file.matter
    if not isinstance(matter, TwoTerminalChip) or matter.rates is None:
        raise UsageError(
            f"chip {file.name!r} ({file.path}) is a {file.kind} chip; a twin follows two-terminal chips whose law is "
            "rate-balance without spread: nwlab fit RUN --law rate-balance -o CHIP.toml makes such a file"
        )
    told = file.fit.get("values", {}).get("read_noise")
    noise = None if told is None else parse(told, "A")
    twin = ScalarTwin(matter.rates, matter.start, noise, corrects=corrects)
    if corrects:
        twin.lose()  # what the chip has been through before the run is not known; its first readings tell
    return twin
