"""What a twin is asked for."""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.core.errors import UsageError
from nwlab.core.units import parse
from nwlab.model.chip_file import ChipFile, load_chip
from nwlab.model.chips.simple import TwoTerminalChip
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.alarms import FALSE_ALARM_STEPS, Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.gain import GainTwin
from nwlab.twin.rehearsal import rehearse
from nwlab.twin.scalar import ScalarTwin, Twin
from nwlab.twin.watch import Watch

FILTERS = {
    "sum": "a Gaussian sum that knows jumps; its residuals are calibrated, so that drift alarms can be trusted",
    "gain": "a constant part of each residual, Kalman's steady gain; no drift alarms, only names of what has changed",
    "off": "the model alone, which readings do not correct; no drift alarms, only names of what has changed",
}


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
        law, start, noise = _film(file)
        # Half of the false alarms are the sums', half the windows'.
        share = 2.0 * self.false_alarm_steps
        watch = Watch(FilmLaw(law, noise), share, FileErrors(law, file.fit)) if law.noise else None
        alarms = Alarms(share) if self.filter == "sum" else None
        about: dict[str, object] = {"filter": self.filter, "corrects by": FILTERS[self.filter]}
        return Companion(self._twin(law, start, noise), alarms, watch, about)

    def rehearse(self) -> None:
        """Compile what the twin will run."""
        law, _, noise = _film(load_chip(self.chip))
        rehearse(self.companion(), FilmLaw(law, noise))

    def _twin(self, law: RateBalance, start: float, noise: float | None) -> Twin:
        if self.filter == "off":
            return ScalarTwin(law, start, noise, corrects=False)
        twin = GainTwin(law, start, noise) if self.filter == "gain" else ScalarTwin(law, start, noise)
        twin.lose()  # what the chip has been through before the run is not known; its first readings tell
        return twin


def _film(file: ChipFile) -> tuple[RateBalance, float, float | None]:
    """Return law, start in S and read noise in A."""
    matter = file.matter
    if not isinstance(matter, TwoTerminalChip) or matter.rates is None:
        raise UsageError(
            f"chip {file.name!r} ({file.path}) is a {file.kind} chip; a twin follows two-terminal chips whose law is "
            "rate-balance without spread: nwlab fit RUN --law rate-balance -o CHIP.toml makes such a file"
        )
    told = file.fit.get("values", {}).get("read_noise")
    return matter.rates, matter.start, None if told is None else parse(told, "A")
