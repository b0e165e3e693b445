"""A protocol is played on the model of one point, with a twin beside it where one was asked for.

The twin works in this very process: simulated time waits for it, so that what it answers does not depend on how fast it
is, nor on how many points are played beside this one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from nwlab.core.chip import Chip, check
from nwlab.core.drive import Drive
from nwlab.core.errors import NwlabError, UsageError
from nwlab.core.expect import Expect
from nwlab.core.reading import Reading, join
from nwlab.core.result import Result
from nwlab.core.rows import Rows, stack, tabulate
from nwlab.lab.sweep.following import Following
from nwlab.lab.sweep.results import cells
from nwlab.protocol.protocol import BoundProtocol
from nwlab.runs.player import Wanted, reply


class Playing:
    """Plays once; `results` are what the steps have found out until now."""

    def __init__(self, bound: BoundProtocol, chip: Chip, twin: Following | None = None) -> None:
        self.results: dict[str, Mapping[str, Any]] = {}
        self._bound, self._chip, self._twin = bound, chip, twin
        self._parts: list[Rows] = []
        self._origin: float | None = None

    def play(self) -> Rows:
        """Play to the end and return all samples; a refusal says in which step."""
        drives = self._bound.drives()
        try:
            wanted = _advance(partial(next, drives))
            while wanted is not None:
                wanted = _advance(partial(reply, drives, self._answer(wanted)))
        except NwlabError as error:
            error.add_note(f"it was refused in step {self._bound.label()} ({self._bound.place()})")
            raise
        finally:
            drives.close()
        return stack(self._parts)

    def _answer(self, wanted: Wanted) -> Reading | None:
        match wanted:
            case Expect():
                return self._expect(wanted)
            case Result():
                self.results |= cells(self._bound.label(), wanted)
                return None
            case _:
                return self._read(wanted)

    def _expect(self, question: Expect) -> Reading:
        """Ask the twin; the chip's limits hold for questions, too."""
        if self._twin is None:
            raise UsageError("it asks a twin what to expect: add --twin CHIP, the chip file of the model to be asked")
        check(question.drive, self._chip.limits, self._chip.terminals)
        return self._twin.foresee(question.drive)

    def _read(self, drive: Drive) -> Reading:
        index = len(self._parts)
        blocks = self._chip.apply(drive)
        reading = join(blocks if self._twin is None else self._twin.beside(index, drive, self._bound.label(), blocks))
        self._origin = reading.start if self._origin is None else self._origin
        self._parts.append(tabulate(index, drive, 0, reading, self._origin))
        return reading


def _advance(protocol: Callable[[], Wanted]) -> Wanted | None:
    try:
        return protocol()
    except StopIteration:
        return None
