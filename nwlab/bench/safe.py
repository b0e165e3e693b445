"""The safe order, in its one place: levels to zero, outputs off, relays open; then read back what is.

Theory of operation. The stages are fixed; within a stage the instruments follow in the order of the bench file, and one
that fails does not keep the others from their turn. Each act is tried twice, because a link that is out of step is
brought back into step (device clear, drain, identity) by the attempt that finds it so. Ramps run side by side: outputs
with a ramp are first kept where they stand, all others go to zero, then the ramps step down together. What was read
back decides: a command that failed and yet left a safe state is no danger; an off-mode that was not taken is one.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from nwlab.bench.ramp import Ramp
from nwlab.core.clock import Clock
from nwlab.core.errors import AnswerError, UnsafeError, UsageError
from nwlab.core.safe_state import SafePolicy, SafeState
from nwlab.drivers.roles import Matrix, OffModes, Ramps, SourceMeter

_ATTEMPTS = 2


@dataclass(frozen=True)
class SafeOrder:
    """The instruments of a bench with what each one's safe state is."""

    smus: Mapping[str, SourceMeter]
    matrices: Mapping[str, Matrix]
    clock: Clock
    policies: Mapping[tuple[str, str], SafePolicy] = field(default_factory=dict[tuple[str, str], SafePolicy])
    kept: frozenset[str] = frozenset()  # matrices whose relays stay as they are

    def __post_init__(self) -> None:
        """Refuse a policy that an instrument's driver cannot follow.

        Raises UsageError.
        """
        for name, smu in self.smus.items():
            if self._has_ramp(name, smu) and not isinstance(smu, Ramps):
                raise UsageError(f"{name}: safe asks for a ramp, but its driver cannot step levels down")
            if any(each.off_mode for each in self._policies(name, smu).values()) and not isinstance(smu, OffModes):
                raise UsageError(f"{name}: safe asks for an off-mode, but its driver cannot choose one")

    def run(self) -> SafeState:
        """Run all stages and tell what was read back; never raises what an instrument or link raises."""
        failures: list[str] = []
        unsafe: list[str] = []
        self._levels(failures, self.smus)
        for name, smu in self.smus.items():
            self._off_modes(unsafe, name, smu)
            _attempt(failures, f"{name}: outputs off", lambda smu=smu: smu.switch_off(tuple(smu.channels)))
        for name, matrix in self.matrices.items():
            if name not in self.kept:
                _attempt(failures, f"{name}: relays open", matrix.open_all)
        found = self._read_back(unsafe)
        return SafeState((*failures, *unsafe) if unsafe else (), found)

    def rest(self, name: str) -> None:
        """Bring the levels of one instrument to zero, by its ramps; raises what the instrument raises."""
        smu = self.smus[name]
        if self._has_ramp(name, smu):
            self._levels([], {name: smu})
        smu.rest()

    def _levels(self, failures: list[str], smus: Mapping[str, SourceMeter]) -> None:
        ramps = [ramp for name, smu in smus.items() if (ramp := self._ramp(failures, name, smu))]
        for name, smu in smus.items():
            if all(ramp.name != name for ramp in ramps):
                _attempt(failures, f"{name}: levels to zero", smu.rest)
        if ramps:
            _attempt(failures, "ramps", lambda: self._descend(ramps))
        for ramp in ramps:
            _attempt(failures, f"{ramp.name}: levels to zero", ramp.smu.rest)

    def _descend(self, ramps: list[Ramp]) -> None:
        """Step all ramps down together; one that cannot be stepped goes to zero at once. Raises without a clock."""
        started = self.clock.now()
        while moving := [ramp for ramp in ramps if ramp.moves(self.clock.now() - started)]:
            passed = self.clock.now() - started
            for ramp in moving:
                begun = self.clock.now()
                if not _attempt([], ramp.name, lambda ramp=ramp, passed=passed: ramp.step(passed)):
                    ramp.give_up()
                    started += self.clock.now() - begun  # the others go on from where they stand, without a jump
            self.clock.sleep(Ramp.GRID)

    def _policies(self, name: str, smu: SourceMeter) -> dict[str, SafePolicy]:
        return {channel: self.policies.get((name, channel), SafePolicy()) for channel in smu.channels}

    def _has_ramp(self, name: str, smu: SourceMeter) -> bool:
        return any(each.ramp or each.current_ramp for each in self._policies(name, smu).values())

    def _ramp(self, failures: list[str], name: str, smu: SourceMeter) -> Ramp | None:
        if not self._has_ramp(name, smu):
            return None
        found: list[Ramp] = []
        _attempt(failures, f"{name}: keeping levels", lambda: found.append(Ramp(name, smu, self._policies(name, smu))))
        return found[0] if found else None

    def _off_modes(self, failures: list[str], name: str, smu: SourceMeter) -> None:
        for channel in smu.channels:
            mode = self.policies.get((name, channel), SafePolicy()).off_mode
            if mode is not None and isinstance(smu, OffModes):
                what = f"{name}: off-mode of {channel}"
                _attempt(failures, what, lambda channel=channel, mode=mode: smu.set_off_mode(channel, mode))

    def _read_back(self, unsafe: list[str]) -> tuple[str, ...]:
        found: list[str] = []
        for name, smu in self.smus.items():
            what = f"{name}: reading outputs back"
            _attempt(unsafe, what, lambda name=name, smu=smu: found.append(_outputs_off(name, smu)))
        for name, matrix in self.matrices.items():
            what, kept = f"{name}: reading relays back", name in self.kept
            _attempt(unsafe, what, lambda n=name, m=matrix, kept=kept: found.append(_relays(n, m, kept=kept)))
        return tuple(found)


def _attempt(failures: list[str], what: str, action: Callable[[], object]) -> bool:
    """Try an act twice and note how the last attempt failed; whatever broke, the next instrument gets its turn."""
    text = ""
    for _ in range(_ATTEMPTS):
        try:
            action()
        except Exception as error:
            text = str(error)
        else:
            return True
    failures.append(f"{what}: {text}")
    return False


def _outputs_off(name: str, smu: SourceMeter) -> str:
    on = [channel for channel, is_on in smu.outputs().items() if is_on]
    if on:
        raise UnsafeError(f"output {', '.join(on)} of {name} is still on")
    return f"{name}: outputs {', '.join(smu.channels)} off"


def _relays(name: str, matrix: Matrix, *, kept: bool) -> str:
    closed = sorted(matrix.closed_crosspoints())
    if closed and not kept:
        raise UnsafeError(f"crosspoints {names(frozenset(closed))} of {name} are still closed")
    return f"{name}: {f'{names(frozenset(closed))} kept closed' if closed else 'all relays open'}"


def names(crosspoints: frozenset[tuple[str, int]]) -> str:
    """Write crosspoints for people: "A01, H12"."""
    return ", ".join(f"{row}{column:02d}" for row, column in sorted(crosspoints)) or "none"


def open_all(matrices: Mapping[str, Matrix]) -> None:
    """Open every relay after a pattern that nobody wanted; why it came about matters more than a second failure."""
    for matrix in matrices.values():
        with contextlib.suppress(AnswerError):
            matrix.open_all()
