"""Everything that decides what comes out of a sweep, as plain values that any worker can be handed.

The points are the product of chips, axes and repetitions, the last of these running fastest. Each point has a seed of
its own, spawned from the sweep's seed by the number of the point: neither the number of workers, nor the order in which
they get there, nor a resumption changes it.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from nwlab.core.record import Document, plain
from nwlab.lab.sweep.axis import Axis, Cell

CHANCE = "chip.seed"
"""An axis that names the seeds itself."""
_SEED_BITS = 48  # a spreadsheet keeps them to the last digit


def deciding_versions() -> dict[str, str]:
    """Return the versions that may change a last bit."""
    from nwlab.lab.running import versions

    known = versions()
    return {name: known[name] for name in ("nwlab", "nwlab steps", "numpy", "numba")}


@dataclass(frozen=True, slots=True)
class Point:
    """One of the grid."""

    number: int
    chip: int  # place in the order's chips
    values: tuple[Cell, ...]  # of the axes
    repetition: int
    seed: int | None  # of the chip's randomness; None where an axis names it


@dataclass(frozen=True, slots=True)
class SweepOrder:
    """What is played, on what, over what."""

    protocol: Document
    steps: tuple[Document, ...]  # a lab's own step files
    settings: Mapping[str, Any]  # of the protocol's parameters, SI
    chips: tuple[Document, ...]
    axes: tuple[Axis, ...]
    seed: int
    repetitions: int
    versions: Mapping[str, str]
    twin: Document | None = None  # chip file of the model that follows each point
    twin_filter: str = ""
    beside: tuple[Document, ...] = ()  # files that chips and bench name, with digests in place of texts
    bench: Document | None = None  # bench file whose instruments are simulated; None = the chips' models alone

    @property
    def shape(self) -> tuple[int, ...]:
        """How many chips, values of each axis, repetitions."""
        return (len(self.chips), *(len(axis.values) for axis in self.axes), self.repetitions)

    @property
    def points(self) -> int:
        """How many points there are."""
        return math.prod(self.shape)

    def point(self, number: int) -> Point:
        """Return a point by its number, counted from 0."""
        chip, *places, repetition = (int(each) for each in np.unravel_index(number, self.shape))
        values = tuple(axis.values[place] for axis, place in zip(self.axes, places, strict=True))
        named = any(axis.key == CHANCE for axis in self.axes)
        return Point(number, chip, values, repetition, None if named else self._seed(number))

    def _seed(self, number: int) -> int:
        """Child `number` of the sweep's seed, as `SeedSequence(seed).spawn` makes them."""
        (state,) = np.random.SeedSequence(self.seed, spawn_key=(number,)).generate_state(1, np.uint64)
        return int(state) >> (64 - _SEED_BITS)

    def plain(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        return plain(asdict(self))

    def words(self) -> str:
        """Return it as one text, the same for the same order."""
        return json.dumps(self.plain(), ensure_ascii=False, sort_keys=True)

    @property
    def digest(self) -> str:
        """What tells it from another order."""
        return hashlib.sha256(self.words().encode()).hexdigest()


def order_from(words: str) -> SweepOrder:
    """Return the order that `SweepOrder.words` wrote."""
    content = json.loads(words)
    return SweepOrder(
        protocol=Document(**content["protocol"]),
        steps=tuple(Document(**each) for each in content["steps"]),
        settings=content["settings"],
        chips=tuple(Document(**each) for each in content["chips"]),
        axes=tuple(Axis(each["key"], each["unit"], tuple(each["values"])) for each in content["axes"]),
        seed=content["seed"],
        repetitions=content["repetitions"],
        versions=content["versions"],
        twin=None if content["twin"] is None else Document(**content["twin"]),
        twin_filter=content["twin_filter"],
        beside=tuple(Document(**each) for each in content["beside"]),
        bench=None if content["bench"] is None else Document(**content["bench"]),
    )
