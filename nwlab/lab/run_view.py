"""A run that shows itself: as a figure, and in a notebook."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from nwlab.core.envelope import Envelope
from nwlab.core.errors import NwlabError
from nwlab.core.markup import card, escaped
from nwlab.core.svg import Panel, chart
from nwlab.plot.views import Curve, curves, ends
from nwlab.runs import recording

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_QUANTITIES = {"conductance": "S", "voltage": "V", "current": "A"}


class Run(recording.Run):
    """A run that was kept; `run.plot()` draws it."""

    def plot(self, terminal: str | None = None) -> Figure:
        """Return a matplotlib figure of conductance, voltage and current over time, of all terminals or of one.

        Raises UsageError for a terminal that the run has not.
        """
        from nwlab.plot import pictures

        return pictures.figure(self, terminal)

    def _repr_html_(self) -> str:
        """Return what a notebook shows."""
        try:
            picture = _Drawing(self).svg()
        except NwlabError as error:
            picture = f"<p>no picture: {escaped(str(error))}</p>"
        return card(f"{self.info.name}: {self.status}", _facts(self), picture)


def load_run(path: str | Path) -> Run:
    """Open a run's folder, whole or not: a killed, damaged or unfinished run gives all that was acknowledged.

    Raises FileError when there is no run.
    """
    return recording.load_run(path).seen_as(Run)


def _facts(run: Run) -> list[tuple[str, str]]:
    info = run.info
    facts = [
        ("folder", str(run.path)),
        ("chip", info.chip),
        ("bench", info.bench),
        ("started", _moment(run.started)),
        ("ended", _moment(run.ended)),
        ("reason", run.reason),
        ("samples", f"{run.samples} in {len(run.drives)} drive{'' if len(run.drives) == 1 else 's'}"),
        ("terminals", ", ".join(run.terminals)),
    ]
    facts += [(f"instrument {name}", identity) for name, identity in info.identities.items()]
    facts += [(f"parameter {name}", str(value)) for name, value in info.parameters.items()]
    return [*facts, ("not usable", str(run.dropped) if run.dropped else "")]


def _moment(time: datetime | None) -> str:
    return "" if time is None else f"{time:%Y-%m-%d %H:%M:%S %z}"


class _Drawing:
    """The curves of a run in bounded room, read piece by piece."""

    def __init__(self, run: Run) -> None:
        self._limited = Envelope()
        self._values: dict[str, dict[str, Envelope]] = {quantity: {} for quantity in _QUANTITIES}
        for rows in run.pieces():
            for curve in curves(rows, run.terminals):
                self._add(curve)

    def svg(self) -> str:
        """Return conductance and voltage, or voltage and current where nothing has a conductance."""
        is_resistive = any(each.range() for each in self._values["conductance"].values())
        shown = ("conductance", "voltage") if is_resistive else ("voltage", "current")
        panels = [Panel(name, _QUANTITIES[name], list(self._values[name].items())) for name in shown]
        span = max((each.until for each in self._values["voltage"].values()), default=0.0)
        return chart(panels, span, self._limited)

    def _add(self, curve: Curve) -> None:
        end = ends(curve)
        for name, values in self._values.items():
            values.setdefault(curve.name, Envelope()).add(curve.start, end, getattr(curve, name))
        limited = curve.in_compliance
        self._limited.add(curve.start[limited], end[limited], np.ones(int(limited.sum())))
