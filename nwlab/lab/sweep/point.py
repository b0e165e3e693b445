"""One point of a sweep: a protocol is played on a chip's model, and what was read becomes a few numbers."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from nwlab.core.chip import CheckedChip, Chip
from nwlab.core.clock import VirtualClock
from nwlab.core.errors import FileError, NwlabError
from nwlab.core.record import Document
from nwlab.lab.bench_file import load_bench_file
from nwlab.lab.bench_table import BenchOrder
from nwlab.lab.bench_table import Table as BenchTable
from nwlab.lab.leads import leads_of
from nwlab.lab.provenance import fingerprint, own_steps
from nwlab.lab.sweep.axis import Cell
from nwlab.lab.sweep.following import Following
from nwlab.lab.sweep.order import Point, SweepOrder
from nwlab.lab.sweep.playing import Playing
from nwlab.model.chip_file import ChipFile, parse_chip
from nwlab.model.model_chip import ModelChip
from nwlab.plot.views import Curve, curves
from nwlab.protocol.protocol import BoundProtocol, Protocol, load_protocol
from nwlab.report.numbers import Numbers, numbers
from nwlab.runs.compliance import STOP, StoppingChip
from nwlab.twin.order import TwinOrder

MEASURED: Mapping[str, tuple[str, Callable[[Numbers], float | int]]] = {
    "final_conductance": ("S", lambda found: found.final),
    "first_conductance": ("S", lambda found: found.first),
    "median_conductance": ("S", lambda found: found.median),
    "smallest_conductance": ("S", lambda found: found.smallest),
    "largest_conductance": ("S", lambda found: found.largest),
    "largest_voltage": ("V", lambda found: found.voltage),
    "largest_current": ("A", lambda found: found.current),
    "samples": ("1", lambda found: found.samples),
    "in_compliance": ("1", lambda found: found.limited),
    "overflow": ("1", lambda found: found.overflow),
}
"""What a row tells of each pair of terminals that was forced, and in which unit; NaN where no conductance was read."""

PLAYED, REFUSED, FAILED = "played", "refused", "failed"
"""How a point ends: with its numbers, against a limit or a file that cannot be used so, or in a fault."""
_KEPT = 8  # chips and protocols as they are for some values: the next points often want the same


class Studio:
    """Plays the points of one order; raises FileError when a file is not what it was when the sweep was asked for."""

    def __init__(self, order: SweepOrder) -> None:
        self._order = order
        self._protocol = _load(order)
        self._chip = lru_cache(_KEPT)(self._make_chip)
        self._bound = lru_cache(_KEPT)(self._bind)

    def play(self, number: int) -> dict[str, Any]:
        """Return what a row tells of a point: how it ended, and the numbers or the reason."""
        point = self._order.point(number)
        told = {"point": number, "seed": point.seed}
        try:
            return {**told, "status": PLAYED, **self._numbers(point)}
        except NwlabError as error:
            reason = "; ".join([str(error), *getattr(error, "__notes__", ())])
            return {**told, "status": REFUSED, "exit": error.exit_code, "reason": reason}
        except Exception as error:
            trace = "".join(traceback.format_exception(error))
            reason = f"{type(error).__name__}: {error}"
            return {**told, "status": FAILED, "exit": NwlabError.exit_code, "reason": reason, "traceback": trace}

    def _numbers(self, point: Point) -> dict[str, Any]:
        file = self._chip(point.chip, self._values(point, of_chip=True))
        bound = self._bound(file.terminals, self._values(point, of_chip=False))
        subject = self._opened(file, point.seed)
        twin = self._follower(subject)
        with CheckedChip(StoppingChip(subject) if self._protocol.on_compliance == STOP else subject) as chip:
            playing = Playing(bound, chip, twin)
            rows = playing.play()
            chip_time = chip.clock.now()
        found = {_pair(curve, file.terminals): numbers(curve) for curve in curves(rows, file.terminals)}
        pairs = {name: {key: of(each) for key, (_, of) in MEASURED.items()} for name, each in found.items()}
        told = {} if twin is None else {"twin": twin.told()}
        return {"chip_time": chip_time, "pairs": pairs, "results": playing.results, **told}

    def _opened(self, file: ChipFile, seed: int | None) -> Chip:
        """The chip's model, or a bench of simulated instruments with that chip on it."""
        bench = self._order.bench
        if bench is None:
            return ModelChip(file.film(seed), file.terminals, file.limits, VirtualClock())
        return BenchTable(BenchOrder(bench.path, virtual=True, seed=seed), file).open()

    def _follower(self, subject: Chip) -> Following | None:
        """A twin in its first state, as each point needs one."""
        document = self._order.twin
        if document is None:
            return None
        leads = leads_of(subject)
        order = TwinOrder(document.path, self._order.twin_filter, leads=leads.terminals, return_lead=leads.common)
        return Following(order.companion(parse_chip(document.text, document.path)))

    def _values(self, point: Point, *, of_chip: bool) -> tuple[Cell, ...]:
        chosen = zip(self._order.axes, point.values, strict=True)
        return tuple(value for axis, value in chosen if axis.is_of_chip == of_chip)

    def _make_chip(self, place: int, values: tuple[Cell, ...]) -> ChipFile:
        document = self._order.chips[place]
        axes = [axis for axis in self._order.axes if axis.is_of_chip]
        changes = [(axis.way, axis.in_file(value)) for axis, value in zip(axes, values, strict=True)]
        return parse_chip(document.text, document.path, changes)

    def _bind(self, terminals: tuple[str, ...], values: tuple[Cell, ...]) -> BoundProtocol:
        names = [axis.key for axis in self._order.axes if not axis.is_of_chip]
        return with_values(self._protocol, dict(zip(names, values, strict=True))).bind(terminals)


def with_values(protocol: Protocol, values: Mapping[str, Cell]) -> Protocol:
    """Return a protocol with other values of some parameters; raises UsageError for those that they cannot have."""
    given = {name: protocol.parameters[name].given(value) for name, value in values.items()}
    return replace(protocol, parameters={**protocol.parameters, **given})


def _pair(curve: Curve, terminals: tuple[str, ...]) -> str:
    """Name a pair of terminals as a column's head does; one alone is against common."""
    high, low = curve.pair
    return terminals[high] if low < 0 else f"{terminals[high]}:{terminals[low]}"


def _load(order: SweepOrder) -> Protocol:
    protocol = load_protocol(order.protocol.path, **order.settings)
    now = (Document(str(protocol.path), protocol.text), *own_steps(protocol).values())
    now = (*now, *(fingerprint(Path(each.path)) for each in order.beside))
    bench = () if order.bench is None else (order.bench,)
    now = (*now, *(Document(each.path, load_bench_file(each.path).text) for each in bench))
    for then, each in zip((order.protocol, *order.steps, *order.beside, *bench), now, strict=False):
        if each.text != then.text:
            raise FileError("has changed since the sweep began: restore it, or sweep into another folder", each.path)
    return protocol
