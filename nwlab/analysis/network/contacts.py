"""Contacts of many terminals: what each floating one sees of the film, how late, and what lies between the driven two.

The film is told by the conductance between source and sink and by the shares: more cannot be known while one pair is
driven. As a chip it is one line of equal conductors on which each terminal sits at its share.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from nwlab.analysis.fit import Estimate, Fit, Voltages
from nwlab.analysis.given import given_number
from nwlab.analysis.identify import FitOptions
from nwlab.analysis.network.contact_line import line_tables
from nwlab.analysis.network.following import FEWEST, Follower, follow, usable
from nwlab.analysis.network.lag import SHORTEST
from nwlab.analysis.network.sureness import autocorrelation_time
from nwlab.analysis.recording import Recording, Trace
from nwlab.core.drive import FloatArray
from nwlab.core.errors import UsageError
from nwlab.core.units import show

_USUAL = "500 pF"


def fit(recordings: Sequence[Recording], options: FitOptions) -> Fit:
    """Fit the contacts of one recording of all terminal voltages; `capacitance` may be given (500 pF otherwise).

    Raises UsageError for several recordings, for a map, and where no terminal floats.
    """
    capacitance = _told(recordings, options)
    record = recordings[0]
    source, sink = record.pair(options.source, options.sink)
    trace = record.trace(options.source, options.sink)
    ground = record.voltage[:, record.terminals.index(sink)]
    floating = [name for name in record.terminals if name not in (source, sink, *record.driven(), *record.grounded)]
    if not floating:
        raise UsageError(f"{record.path}: no terminal floats, so that nothing is known of contacts")
    measured = trace.conductance
    is_known = np.isfinite(measured)
    if int(is_known.sum()) < FEWEST:
        few = f"contacts need at least {FEWEST} readings of the current from {source} to {sink}"
        raise UsageError(f"{record.path}: {few}, not {int(is_known.sum())}")
    found, scarce = _followers(record, trace, floating, ground)
    mean = float(measured[is_known].mean())
    off = measured[is_known] - mean
    sd = float(np.std(off)) * math.sqrt(autocorrelation_time(off) / off.size)
    usual = _usual_delay(found, record)
    found = [_told_apart(each, record, trace, ground, usual) for each in found]
    parameters = {"conductance": Estimate(mean, sd, "S")}
    for follower in found:
        parameters |= follower.estimates(usual)
    known = np.array([each.sd if math.isfinite(each.sd) else 0.0 for each in parameters.values()])
    return Fit(
        law="contacts",
        parameters=parameters,
        covariance=np.diag(known**2),
        time=trace.time,
        measured=measured,
        fitted=np.full(measured.size, mean),
        voltages=_voltages(record, trace, ground, found, usual),
        tables=line_tables(source, sink, found, mean, capacitance, usual, record),
        remarks=(*_remarks(found, capacitance, usual), *scarce),
        extra={"r2_of": {each.name: each.r2 for each in found}, "rms_of": {each.name: each.rms for each in found}},
    )


def _followers(
    record: Recording, trace: Trace, floating: Sequence[str], ground: FloatArray
) -> tuple[list[Follower], tuple[str, ...]]:
    """Return how each terminal follows, and a remark on those that were read too rarely; raises UsageError for none."""
    if np.nanmin(trace.voltage) == np.nanmax(trace.voltage):
        raise UsageError(
            f"{record.path}: the drive never changes, so that nobody can tell what follows it, and how late"
        )
    seen = {name: record.voltage[:, record.terminals.index(name)] - ground for name in floating}
    read = {name: int(usable(trace.voltage, each).sum()) for name, each in seen.items()}
    scarce = [name for name in floating if read[name] < FEWEST]
    if len(scarce) == len(floating):
        most = max(floating, key=read.__getitem__)
        needed = (
            f"contacts need at least {FEWEST} readings of a floating terminal besides the first tenth of the record"
        )
        raise UsageError(f"{record.path}: {needed}; the most are {read[most]}, of {most}")
    dwell = np.diff(record.onset)
    found = [follow(name, trace.voltage, dwell, seen[name]) for name in floating if name not in scarce]
    left = f"these were read fewer than {FEWEST} times, and are left out: {', '.join(scarce)}"
    return found, (left,) if scarce else ()


def _usual_delay(found: Sequence[Follower], record: Recording) -> float:
    """Return how long after the begin of a level voltages are read, s, as most of those say that tell."""
    delays = [each.delay.value for each in found if each.tells_delay and not each.is_vague]
    return float(np.median(delays)) if delays else SHORTEST * float(np.median(np.diff(record.onset)))


def _told_apart(follower: Follower, record: Recording, trace: Trace, ground: FloatArray, usual: float) -> Follower:
    """Return a follower whose share and time constant are those of the usual delay, where its own cannot be told."""
    if not follower.is_vague:
        return follower
    seen = record.voltage[:, record.terminals.index(follower.name)] - ground
    return follow(follower.name, trace.voltage, np.diff(record.onset), seen, usual)


def _voltages(record: Recording, trace: Trace, ground: FloatArray, found: Sequence[Follower], usual: float) -> Voltages:
    """Return what was fitted, the latest terminal first; of those that are not late, the one with the largest share."""
    late = {each.name: each.time_constant(usual).value for each in found}
    order = sorted(found, key=lambda each: (-late[each.name], -float(each.values[0])))
    places = [record.terminals.index(each.name) for each in order]
    return Voltages(
        names=tuple(each.name for each in order),
        drive=trace.voltage,
        measured=record.voltage[:, places] - ground[:, np.newaxis],
        fitted=np.stack([each.fitted for each in order], axis=1),
        share=np.array([each.values[0] for each in order]),
        time_constant=np.array([late[each.name] if each.is_connected else math.nan for each in order]),
        rms=np.array([each.rms for each in order]),
    )


def _told(recordings: Sequence[Recording], options: FitOptions) -> float:
    """Return the capacitance in F, and refuse what this law does not know."""
    if len(recordings) != 1:
        raise UsageError(f"contacts are fitted to one recording at a time, not {len(recordings)}")
    if options.map != "exact":
        raise UsageError("contacts have no map but the exact one")
    for name in options.given:
        if name != "capacitance":
            raise UsageError(f"contacts have no parameter {name!r} to give; they have capacitance")
    capacitance = given_number("capacitance", options.given.get("capacitance", _USUAL), "F")
    if not 0 < capacitance < math.inf:
        raise UsageError("capacitance must be positive")
    return capacitance


def _remarks(found: Sequence[Follower], capacitance: float, usual: float) -> tuple[str, ...]:
    prompt = [each.name for each in found if each.is_connected and not each.is_late]
    blind = [each.name for each in found if not each.is_connected]
    short = [each.name for each in found if each.is_late and each.is_short]
    vague = [each.name for each in found if each.has_usual_delay]
    pair = "only one pair was driven: the shares and the conductance between source and sink are known, not which way "
    said = [pair + "the current takes between the others"]
    taken = f"{capacitance * 1e12:.4g} pF is taken for all"
    said.append(f"only products of contact resistance and capacitance are known; {taken}")
    if prompt:
        said.append(f"these follow at once, and their contacts count as 0 Ohm: {', '.join(prompt)}")
    if blind:
        said.append(f"these see nothing of the voltage, and count as unconnected: {', '.join(blind)}")
    if short:
        known = f"as if read {show(usual, 's')} after the begin of a level, as the others"
        said.append(
            f"these are late by less than a level, which fixes no time constant alone; {known}: {', '.join(short)}"
        )
    if vague:
        known = f"taken to be read {show(usual, 's')} after the begin of a level"
        said.append(
            f"the drive does not tell share, lateness and delay of these apart; they are {known}: {', '.join(vague)}"
        )
    return tuple(said)
