"""Which twin follows a chip of many terminals, or of junctions that are not one film."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import UsageError
from nwlab.core.events import BlockArrived, DriveStarted
from nwlab.core.reading import Reading
from nwlab.core.units import parse
from nwlab.model.chip_file import ChipFile
from nwlab.model.chips.network import NetworkChip
from nwlab.model.chips.own import OwnChip
from nwlab.model.chips.simple import ResistorChip, TwoTerminalChip
from nwlab.model.network_film import NetworkFilm
from nwlab.twin.ensemble import MEMBERS, EnsembleTwin
from nwlab.twin.ensemble_update import RELAXED
from nwlab.twin.meters import Meters
from nwlab.twin.network_companion import NetworkCompanion
from nwlab.twin.reduced import DRIFT, ReducedTwin

BEST = "best"
"""The filter that fits a chip."""

KALMAN = {"kalman": "a Kalman filter of the conductances between terminals, which creep", "off": "the model alone"}
ENSEMBLE = {"ensemble": "an ensemble Kalman filter of all junctions", "off": "the model alone"}


def network_companion(
    file: ChipFile, filter_name: str, false_alarm_steps: float, return_lead: float = 0.0
) -> NetworkCompanion | None:
    """Return the twin of a chip; None for a film that is one rate balance, which has a twin of its own.

    `return_lead` in Ohm: see `Meters`.

    Raises FileError for a network that cannot be built, and UsageError for a filter that does not fit the chip.
    """
    if isinstance(file.matter, TwoTerminalChip) and file.matter.rates is not None:
        return None
    if isinstance(file.matter, OwnChip):
        raise UsageError(
            f"chip {file.name!r} ({file.path}) is made by a class of your own, whose state no twin can look into; "
            "a twin follows chips of kind two-terminal, resistor, network, grid or file"
        )
    filters = KALMAN if _is_linear(file) else ENSEMBLE
    name = next(iter(filters)) if filter_name == BEST else filter_name
    if name not in filters:
        raise UsageError(
            f"chip {file.name!r} ({file.path}) is a {file.kind} chip, for which a twin's filter is "
            f"{' or '.join(filters)}, not {filter_name!r}"
        )
    make, meters = _reduced if _is_linear(file) else _ensemble, _meters(file, return_lead)
    twin = make(file, meters, corrects=name != "off")
    if name == "kalman":
        twin.lose()  # what the chip has been through before the run is not known; its first readings tell
    about: dict[str, object] = {"filter": name, "corrects by": filters[name]}
    if name == "ensemble":
        about |= {
            "members": MEMBERS,
            "inflation": f"spread relaxed by {RELAXED:g}",
            "localisation": "shrunk correlations",
        }
    return NetworkCompanion(twin, file.terminals, None if name == "off" else false_alarm_steps, about)


def rehearse_network(companion: NetworkCompanion) -> None:
    """Let a companion that is thrown away follow some readings, so that all is compiled before the run begins."""
    steps = 3
    column, no = np.ones((steps, 1)), np.zeros((steps, 1), np.bool_)
    onset = np.arange(steps, dtype=np.float64)
    held = Drive(np.ones(steps), (Force(0, Quantity.VOLTAGE, np.full(steps, 0.1), 1.0, low=1),))
    pushed = replace(held, forces=(Force(0, Quantity.CURRENT, np.full(steps, 1e-6), 1.0, low=1),))
    # A reading that is none moves no state to where it never was.
    reading = Reading(0.0, onset, onset[:, None] + 0.5, 0.5 * column, np.nan * column, np.nan * column, no, ~no)
    for index, drive in enumerate((held, pushed)):
        for event in (DriveStarted(index, drive, ""), BlockArrived(index, 0, replace(reading, start=10.0 * index))):
            list(companion(event))


def _is_linear(file: ChipFile) -> bool:
    """Whether neither voltage nor time changes what the chip's parts conduct."""
    matter = file.matter
    return isinstance(matter, ResistorChip) or (isinstance(matter, NetworkChip) and matter.law.name == "fixed")


def _meters(file: ChipFile, return_lead: float) -> Meters:
    told = file.fit.get("values", {}).get("read_noise")
    return Meters(None if told is None else parse(told, "A"), return_lead)


def _reduced(file: ChipFile, meters: Meters, *, corrects: bool) -> ReducedTwin:
    told = file.fit.get("values", {}).get("drift")
    if isinstance(file.matter, ResistorChip):
        drift = 0.0 if told is None else parse(told, "1/sqrt(s)")
        return ReducedTwin(file.matter.matrix, 0.0, meters, drift=drift, corrects=corrects)
    film = file.film(noise=False)
    assert isinstance(film, NetworkFilm)
    drift = DRIFT if told is None else parse(told, "1/sqrt(s)")
    return ReducedTwin(film.matrix(), film.capacitance, meters, drift=drift, corrects=corrects)


def _ensemble(file: ChipFile, meters: Meters, *, corrects: bool) -> EnsembleTwin:
    def make(seed: int) -> NetworkFilm:
        film = file.film(seed)
        assert isinstance(film, NetworkFilm)
        return film

    return EnsembleTwin(make, meters, seed=file.seed or 0, corrects=corrects)
