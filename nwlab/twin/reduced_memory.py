"""What each wiring has shown of the conductances between terminals, kept as it was shown.

Theory of operation
    Readings of one wiring are linear in its parameters (`reduced_lens`), but parameters are bent functions of the
    conductances. A filter that carries conductances and a covariance from wiring to wiring takes each at the tangent of
    that moment: what it believes to know to the meter's digits is off by how far the bend leaves the tangent, and what
    it believes gets lost between them. So what a wiring showed is kept in its own parameters, where it stays true: as
    rows W·a = t ± 1. The conductances are those that are likeliest by all that is kept and by what was known at first,
    found anew by Gauss-Newton steps in their logarithms, with the tangents where these steps end. What is kept grows
    less sure with time, as conductances walk.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from nwlab.core.drive import FloatArray
from nwlab.model.solver.vectors import Ints
from nwlab.twin.reduced_lens import Lens, ReducedRig

_ROUNDS = 12  # of Gauss-Newton
_STAYS = 1e-5  # of logarithms: after a step no larger than this they are found
_STRAIGHT = 1e-4  # of logarithms: what bends within this cannot be told
_FARTHEST = 2.0  # in logarithms: what one step moves a conductance by at most
_KEPT = 4  # times as many rows as there are conductances: older ones are forgotten
_SUREST = 1e-7  # standard deviation of a logarithm: nothing counts as surer than this
_NEWS = 1e-6  # part of a variance: readings that took less of it told nothing
_STRANGE, _SPARE = 4.0, 25.0  # mean square of what is left from which on the chip is another one; rows for granted


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """What one wiring has shown."""

    rig: ReducedRig
    lens: Lens
    rows: FloatArray  # (rows, parameters) W
    wanted: FloatArray  # (rows,) t
    moment: float  # s: when it was shown

    def aged(self, moment: float, drift: float) -> tuple[FloatArray, FloatArray]:
        """Return the rows and what they want, less sure by how far conductances have walked since."""
        walked = drift**2 * max(moment - self.moment, 0.0)
        part = 1.0 / np.sqrt(1.0 + walked * (self.rows**2).sum(axis=1))
        return part[:, np.newaxis] * self.rows, part * self.wanted

    def after(self, prior: Belief, found: Belief, moment: float, drift: float) -> Shown:
        """Return what it has shown with more readings, which made of one belief the other."""
        root = np.linalg.cholesky(prior.covariance)
        bare = np.linalg.solve(root, np.linalg.solve(root, found.covariance).T)
        part, turn = np.linalg.eigh(0.5 * (bare + bare.T))
        told = part < 1.0 - _NEWS
        part, turn = np.maximum(part[told], _SUREST**2), turn[:, told]
        news = np.sqrt((1.0 - part) / part)[:, np.newaxis] * np.linalg.solve(root.T, turn).T
        moved = turn.T @ np.linalg.solve(root, found.mean - prior.mean)
        rows, wanted = self.aged(moment, drift)
        table = np.vstack([rows, news])
        target = np.append(wanted, moved / np.sqrt(part * (1.0 - part)) + news @ prior.mean)
        if len(table) > table.shape[1]:
            turn, table = np.linalg.qr(table)
            target = turn.T @ target
        return Shown(self.rig, self.lens, table.astype(np.float64), target, moment)


class Belief(NamedTuple):
    """What is believed of the parameters of a wiring."""

    mean: FloatArray  # (parameters,)
    covariance: FloatArray  # (parameters, parameters)


@dataclass(frozen=True, slots=True, eq=False)
class Likeliest:
    """Conductances by all that is kept."""

    logs: FloatArray  # (pairs,) of S
    root: FloatArray  # (pairs, pairs) R of their covariance R·Rᵀ
    is_strange: bool  # whether no conductances explain all that is kept


@dataclass(slots=True, eq=False)
class Memory:
    """All that is known of conductances."""

    pairs: Pairs
    centre: FloatArray  # (pairs,) logarithms of S, before anything was shown
    unsure: float  # standard deviation of each logarithm at that time
    drift: float  # 1/√s
    moment: float = 0.0  # s: when that was
    _tangents: dict[object, _Tangent] = field(default_factory=dict[object, "_Tangent"], init=False)

    def shown(self, key: object) -> Shown | None:
        """Return what the wiring of a rig with this key has shown."""
        kept = self._tangents.get(key)
        return None if kept is None else kept.shown

    def keep(self, shown: Shown) -> None:
        """Keep what a wiring has shown; what was shown longest ago is forgotten when it is too much."""
        kept = self._tangents
        kept.pop(shown.rig.key, None)
        kept[shown.rig.key] = _Tangent(shown, self.pairs)
        while sum(len(each.shown.rows) for each in kept.values()) > _KEPT * self.centre.size and len(kept) > 1:
            del kept[next(iter(kept))]

    def likeliest(self, logs: FloatArray, moment: float, most: float, last: Shown | None = None) -> Likeliest:
        """Return the likeliest conductances at a moment, sought from `logs`; walks leave none less sure than `most`.

        `last` is what the present wiring has shown, in place of what it had shown before.
        """
        present = {} if last is None else {last.rig.key: _Tangent(last, self.pairs)}
        tangents = {**self._tangents, **present}.values()
        walked = min(self.unsure**2 + self.drift**2 * (moment - self.moment), max(most, self.unsure) ** 2)
        firm = np.eye(logs.size) / max(np.sqrt(walked), _SUREST)
        table, target = firm, firm @ self.centre
        for _ in range(_ROUNDS):
            rows = [each.at(logs, moment, self.drift) for each in tangents]
            table = np.vstack([firm, *(row for row, _ in rows)])
            target = np.concatenate([firm @ self.centre, *(wanted for _, wanted in rows)])
            turn, factor = np.linalg.qr(table)
            step = np.linalg.solve(factor, turn.T @ target) - logs
            logs = logs + np.clip(step, -_FARTHEST, _FARTHEST)
            if np.abs(step).max(initial=0.0) < _STAYS:
                break
        left = float(np.square(table @ logs - target).sum())
        root = np.linalg.inv(np.linalg.qr(table, mode="r")).astype(np.float64)
        return Likeliest(logs, root, not left <= _STRANGE * (len(table) - logs.size + _SPARE))


class _Tangent:
    """What a wiring has shown, as rows in logarithms of conductances."""

    def __init__(self, shown: Shown, pairs: Pairs) -> None:
        self.shown, self._pairs = shown, pairs
        self._logs: FloatArray | None = None
        self._slope, self._offset = np.zeros((0, pairs.one.size)), np.zeros(0)

    def at(self, logs: FloatArray, moment: float, drift: float) -> tuple[FloatArray, FloatArray]:
        """Return rows (rows, pairs) and what they want (rows,), with the tangent at conductances."""
        if self._logs is None or np.abs(logs - self._logs).max() > _STRAIGHT:
            view = self.shown.rig.wiring.look(self._pairs.matrix(np.exp(logs)))
            if view is not None:
                self._logs = logs
                self._slope = self.shown.lens.showing(view, self._pairs.one, self._pairs.two) * np.exp(logs)
                self._offset = self._slope @ logs - self.shown.lens.parameters(view)
        rows, wanted = self.shown.aged(moment, drift)
        return rows @ self._slope, wanted + rows @ self._offset


@dataclass(frozen=True, slots=True, eq=False)
class Pairs:
    """The terminals between which there are conductances."""

    one: Ints  # (pairs,)
    two: Ints  # (pairs,)
    terminals: int

    def matrix(self, values: FloatArray) -> FloatArray:
        """Return the conductance matrix between the terminals, (terminals, terminals) S."""
        matrix = np.zeros((self.terminals, self.terminals))
        matrix[self.one, self.two] = matrix[self.two, self.one] = -values
        np.fill_diagonal(matrix, -matrix.sum(axis=1))
        return matrix
