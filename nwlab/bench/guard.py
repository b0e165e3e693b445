"""Whether a bench may be driven at all: outputs that were found on, and interlocks that tripped."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Protocol

from nwlab.core.errors import DriveError, InstrumentError, InterlockError
from nwlab.core.safe_state import SafePolicy
from nwlab.drivers.roles import Claimable, Interlocked, Matrix, SourceMeter


class Latch(Protocol):
    """Remembers why a bench is barred."""

    @property
    def latch(self) -> str:
        """The reason; empty when it is not barred."""
        ...

    @latch.setter
    def latch(self, reason: str) -> None: ...


class Remembered:
    """A latch that lasts as long as the bench is open."""

    def __init__(self) -> None:
        self.latch = ""


class Guard:
    """Stands before the first drive and after a trip; both need an explicit act of the user."""

    def __init__(
        self,
        smus: Mapping[str, SourceMeter],
        matrices: Mapping[str, Matrix],
        policies: Mapping[tuple[str, str], SafePolicy],
        latch: Latch | None = None,
    ) -> None:
        """Read which outputs are on; raises what the instruments raise."""
        self._smus, self._matrices = smus, matrices
        found = [(name, channel) for name, smu in smus.items() for channel, on in smu.outputs().items() if on]
        self._barred = [place for place in found if not policies.get(place, SafePolicy()).take_over]
        self._found = tuple(" ".join(place) for place in found)
        self._taken = self._claimed = False
        self._latch: Latch = latch or Remembered()
        self._wired: set[str] = set()  # instruments whose interlock was closed when they were claimed

    @property
    def foreign(self) -> tuple[str, ...]:
        """Outputs that somebody left on and nobody has taken over."""
        return () if self._taken or self._claimed else self._found

    def admit(self) -> None:
        """Raise DriveError when the user has to decide something first; nothing is sent."""
        if self._latch.latch:
            raise DriveError(
                f"the interlock has tripped: {self._latch.latch}. The bench stays barred, outputs off, until a person "
                "has looked at it: then `nwlab bench arm BENCH`"
            )
        if self._barred and not self._claimed:
            outputs = ", ".join(" ".join(place) for place in self._barred)
            raise DriveError(
                f"{outputs}: found on when the bench was opened; nothing was changed. If nobody else is using it, "
                "bring it down with `nwlab bench safe BENCH`, or write take_over = true into its safe = { … }"
            )

    def take_over(self) -> None:
        """From now on what was found on is ours to bring down, whether or not that succeeds."""
        self._taken = True

    def claim(self) -> None:
        """Take every instrument over, once; raises what an instrument raises."""
        if self._claimed:
            return
        for instrument in (*self._smus.values(), *self._matrices.values()):
            if isinstance(instrument, Claimable):
                instrument.claim()
        # One that is open from the start is not wired: the instrument itself then bars what would need it.
        self._wired = {name for name, smu in self._smus.items() if not _is_open(smu)}
        self._claimed = True

    @contextmanager
    def watch(self, name: str) -> Generator[None]:
        """Tell an opened interlock from other faults of a drive, and latch it."""
        try:
            yield
        except InterlockError as error:
            self._latch.latch = str(error)
            raise
        except InstrumentError as error:
            if name in self._wired and _is_open(self._smus[name]):
                self._latch.latch = f"while a drive was played ({error})"
                raise InterlockError(
                    error.code,
                    f"the interlock opened while an output was on ({error.text}); the bench is barred. Close it, look "
                    "at the chip, then `nwlab bench arm BENCH`",
                    error.instrument,
                ) from error
            raise

    def arm(self) -> None:
        """Clear the latch; raises InterlockError while an interlock is still open."""
        for name, smu in self._smus.items():
            if _is_open(smu):
                raise InterlockError(0, "the interlock is still open", name)
        self._latch.latch = ""


def _is_open(smu: SourceMeter) -> bool:
    return isinstance(smu, Interlocked) and smu.interlock_open()
