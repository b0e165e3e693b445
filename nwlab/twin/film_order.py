"""Which twin follows a film whose law is one rate balance."""

from __future__ import annotations

from nwlab.core.errors import UsageError
from nwlab.core.units import parse
from nwlab.model.chip_file import ChipFile
from nwlab.model.chips.simple import TwoTerminalChip
from nwlab.model.rate_balance import RateBalance
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.file_errors import FileErrors
from nwlab.twin.film_law import FilmLaw
from nwlab.twin.gain import GainTwin
from nwlab.twin.leaning import Leaning
from nwlab.twin.rehearsal import rehearse
from nwlab.twin.scalar import ScalarTwin, Twin
from nwlab.twin.watch import Watch

FILTERS = {
    "sum": "a Gaussian sum that knows jumps; its residuals are calibrated, so that drift alarms can be trusted",
    "gain": "a constant part of each residual, Kalman's steady gain; no drift alarms, only names of what has changed",
    "off": "the model alone, which readings do not correct; no drift alarms, only names of what has changed",
}
"""The first is the one that fits best."""


def film_companion(file: ChipFile, filter_name: str, false_alarm_steps: float) -> Companion:
    """Return the twin of a film; raises UsageError for a filter that does not fit it."""
    if filter_name not in FILTERS:
        raise UsageError(
            f"chip {file.name!r} ({file.path}) is one film, for which a twin's filter is {', '.join(FILTERS)}, "
            f"not {filter_name!r}"
        )
    law, start, noise = _film(file)
    # Half of the false alarms are the sums', half the windows'.
    share = 2.0 * false_alarm_steps
    film, errors = FilmLaw(law, noise), FileErrors(law, file.fit)
    watch = Watch(film, share, errors) if law.noise else None
    alarms = Alarms(share) if filter_name == "sum" else None
    about: dict[str, object] = {"filter": filter_name, "corrects by": FILTERS[filter_name]}
    return Companion(_twin(filter_name, law, start, noise), alarms, watch, about, Leaning(film, errors))


def rehearse_film(file: ChipFile, companion: Companion) -> None:
    """Compile what a twin will run, with one that is thrown away."""
    law, _, noise = _film(file)
    rehearse(companion, FilmLaw(law, noise))


def _film(file: ChipFile) -> tuple[RateBalance, float, float | None]:
    """Return law, start in S and read noise in A."""
    matter = file.matter
    assert isinstance(matter, TwoTerminalChip)
    assert matter.rates is not None
    told = file.fit.get("values", {}).get("read_noise")
    return matter.rates, matter.start, None if told is None else parse(told, "A")


def _twin(filter_name: str, law: RateBalance, start: float, noise: float | None) -> Twin:
    if filter_name == "off":
        return ScalarTwin(law, start, noise, corrects=False)
    twin = GainTwin(law, start, noise) if filter_name == "gain" else ScalarTwin(law, start, noise)
    twin.lose()  # what the chip has been through before the run is not known; its first readings tell
    return twin
