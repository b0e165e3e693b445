"""Outputs of one instrument on their way down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from nwlab.core.drive import Quantity
from nwlab.core.safe_state import SafePolicy
from nwlab.drivers.roles import Ramps, SourceMeter, Standing


class Ramp:
    """Steps the levels of one instrument to zero by each channel's policy, starting from where they stand."""

    GRID: ClassVar[float] = 0.01  # s between steps

    def __init__(self, name: str, smu: SourceMeter, policies: Mapping[str, SafePolicy]) -> None:
        """Keep the levels where they are, ending what runs; raises what the instrument raises."""
        self.name, self.smu = name, smu
        self._policies = policies
        self._ramps: Ramps = smu  # pyright: ignore[reportAttributeAccessIssue] - made only for instruments that have it
        self._from: dict[str, Standing] = {
            channel: standing for channel, standing in self._ramps.freeze().items() if standing.level
        }

    def moves(self, passed: float) -> bool:
        """Whether any level still has a way to go after `passed` s."""
        return any(min(self._lasts(channel), self._policies[channel].deadline) > passed for channel in self._from)

    def step(self, passed: float) -> None:
        """Go to where each level belongs `passed` s after the start; raises what the instrument raises."""
        for channel, standing in self._from.items():
            lasts = self._lasts(channel)
            share = 1.0 - (passed + self.GRID) / lasts if lasts > 0 else 0.0
            self._ramps.set_level(channel, standing.level * max(share, 0.0))

    def give_up(self) -> None:
        """Leave the rest of the way to a step."""
        self._from = {}

    def _lasts(self, channel: str) -> float:
        """The s a channel's whole ramp takes, 0 without one; its deadline may cut it short."""
        standing, policy = self._from[channel], self._policies[channel]
        rate = policy.ramp if standing.quantity is Quantity.VOLTAGE else policy.current_ramp
        return abs(standing.level) / rate if rate else 0.0
