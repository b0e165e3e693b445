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
from nwlab.twin.network_companion import NetworkCompanion
from nwlab.twin.network_order import BEST, ENSEMBLE, KALMAN, network_companion, rehearse_network
from nwlab.twin.rehearsal import rehearse
from nwlab.twin.scalar import ScalarTwin, Twin
from nwlab.twin.watch import Watch

FILTERS = {
    "sum": "a Gaussian sum that knows jumps; its residuals are calibrated, so that drift alarms can be trusted",
    "gain": "a constant part of each residual, Kalman's steady gain; no drift alarms, only names of what has changed",
    "off": "the model alone, which readings do not correct; no drift alarms, only names of what has changed",
}
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
        name = _film_filter(file, self.filter)
        law, start, noise = _film(file)
        # Half of the false alarms are the sums', half the windows'.
        share = 2.0 * self.false_alarm_steps
        watch = Watch(FilmLaw(law, noise), share, FileErrors(law, file.fit)) if law.noise else None
        alarms = Alarms(share) if name == "sum" else None
        about: dict[str, object] = {"filter": name, "corrects by": FILTERS[name]}
        return Companion(_twin(name, law, start, noise), alarms, watch, about)

    def rehearse(self) -> None:
        """Compile what the twin will run."""
        companion = self.companion()
        if isinstance(companion, NetworkCompanion):
            rehearse_network(companion)
        else:
            law, _, noise = _film(load_chip(self.chip))
            rehearse(companion, FilmLaw(law, noise))


def _film_filter(file: ChipFile, name: str) -> str:
    """Return the filter of a film's twin; raises UsageError for one that is made for other chips."""
    if name == BEST:
        return "sum"
    if name not in FILTERS:
        raise UsageError(
            f"chip {file.name!r} ({file.path}) is one film, for which a twin's filter is {', '.join(FILTERS)}, "
            f"not {name!r}"
        )
    return name


def _twin(name: str, law: RateBalance, start: float, noise: float | None) -> Twin:
    if name == "off":
        return ScalarTwin(law, start, noise, corrects=False)
    twin = GainTwin(law, start, noise) if name == "gain" else ScalarTwin(law, start, noise)
    twin.lose()  # what the chip has been through before the run is not known; its first readings tell
    return twin


def _film(file: ChipFile) -> tuple[RateBalance, float, float | None]:
    """Return law, start in S and read noise in A."""
    matter = file.matter
    assert isinstance(matter, TwoTerminalChip)
    assert matter.rates is not None
    told = file.fit.get("values", {}).get("read_noise")
    return matter.rates, matter.start, None if told is None else parse(told, "A")
