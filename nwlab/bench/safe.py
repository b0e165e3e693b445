"""The safe order, in its one place: levels to zero, outputs off, relays open; then read back what is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from nwlab.core.errors import UnsafeError
from nwlab.drivers.roles import Matrix, SourceMeter


@dataclass(frozen=True, slots=True)
class SafeState:
    """What was found after the safe order ran."""

    failures: tuple[str, ...]  # one line each; empty when every state was read back as safe

    @property
    def confirmed(self) -> bool:
        """Whether every output was read back off and every relay open."""
        return not self.failures

    def demand(self) -> None:
        """Raise UnsafeError unless confirmed."""
        if self.failures:
            raise UnsafeError(
                "the safe state could NOT be confirmed: "
                + "; ".join(self.failures)
                + ". The chip may still be driven: switch the instruments off by hand before touching it"
            )


def make_safe(smus: Mapping[str, SourceMeter], matrices: Mapping[str, Matrix]) -> SafeState:
    """Run the safe order over all instruments; one that fails does not keep the others from it."""
    failures: list[str] = []
    for name, smu in smus.items():
        _attempt(failures, f"{name}: levels to zero", smu.rest)
    for name, smu in smus.items():
        _attempt(failures, f"{name}: outputs off", lambda smu=smu: smu.switch_off(tuple(smu.channels)))
    for name, matrix in matrices.items():
        _attempt(failures, f"{name}: relays open", matrix.open_all)
    # What was read back decides: a command that failed and yet left a safe state is a remark of the log, not a danger.
    unsafe: list[str] = []
    for name, smu in smus.items():
        _attempt(unsafe, f"{name}: reading outputs back", lambda name=name, smu=smu: _outputs_off(name, smu))
    for name, matrix in matrices.items():
        _attempt(unsafe, f"{name}: reading relays back", lambda name=name, matrix=matrix: _relays_open(name, matrix))
    return SafeState((*failures, *unsafe) if unsafe else ())


def _attempt(failures: list[str], what: str, action: Callable[[], None]) -> None:
    try:
        action()
    except Exception as error:  # whatever broke, the next instrument still gets its turn
        failures.append(f"{what}: {error}")


def _outputs_off(name: str, smu: SourceMeter) -> None:
    on = [channel for channel, is_on in smu.outputs().items() if is_on]
    if on:
        raise UnsafeError(f"output {', '.join(on)} of {name} is still on")


def _relays_open(name: str, matrix: Matrix) -> None:
    closed = sorted(matrix.closed_crosspoints())
    if closed:
        raise UnsafeError(f"crosspoints {closed} of {name} are still closed")
