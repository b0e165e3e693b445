"""Back ends that disagree: the one contract that all of them pass notices each way in which one could differ."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from contract import ChipContract
from lab import test_contract
from remote import test_seam

from nwlab.core.chip import Chip
from nwlab.core.drive import Drive
from nwlab.core.reading import Reading
from nwlab.lab.opening import open_model

BACK_ENDS = (
    test_contract.TestModel,
    test_contract.TestVirtualBench,
    test_contract.TestServedBench,
    test_contract.TestNetworkModel,
    test_contract.TestNetworkOnTheVirtualBench,
    test_seam.TestThroughTheSeam,
)
PLAIN = [
    name
    for name in dir(ChipContract)
    if name.startswith("test_") and not hasattr(getattr(ChipContract, name), "pytestmark")
]
Change = Callable[[Reading], Reading]

LIES: dict[str, Change] = {
    "sign": lambda reading: replace(reading, current=-reading.current),
    "gain": lambda reading: replace(reading, current=reading.current * 1.02),
    "offset": lambda reading: replace(reading, current=reading.current + 1e-6),
    "swapped": lambda reading: replace(reading, current=reading.voltage, voltage=reading.current),
    "order": lambda reading: replace(reading, current=reading.current[::-1]),
    "no flags": lambda reading: replace(reading, in_compliance=np.zeros_like(reading.in_compliance)),
    "late": lambda reading: replace(reading, onset=reading.onset + 1e-3),
    "outside the dwell": lambda reading: replace(reading, time=reading.time + 1.0),
    "start": lambda reading: replace(reading, start=reading.start - 10.0),
}


class LyingChip:
    """A model that differs from the others in one thing."""

    def __init__(self, change: Change) -> None:
        self._chip, self._change = open_model("resistor-10k"), change
        self.terminals, self.limits, self.clock = self._chip.terminals, self._chip.limits, self._chip.clock

    def apply(self, drive: Drive) -> Iterator[Reading]:
        blocks = self._chip.apply(drive)
        return (self._change(block) for block in blocks)

    def close(self) -> None:
        self._chip.close()


def failures(back_end: type[ChipContract], change: Change) -> list[str]:
    """Play the contract with the tolerance of a back end and return what it complains of."""
    found: list[str] = []
    for name in PLAIN:
        chip: Chip = LyingChip(change)
        try:
            getattr(back_end(), name)(chip)
        except AssertionError:
            found.append(name)
    return found


@pytest.mark.fault(42, "a back end that differs in sign, gain, order, flags or times fails the contract of all others")
@pytest.mark.parametrize("lie", LIES)
def test_a_back_end_that_differs_is_noticed(lie: str) -> None:
    for back_end in (test_contract.TestModel, test_contract.TestVirtualBench):
        assert failures(back_end, lambda reading: reading) == []
        assert failures(back_end, LIES[lie])


@pytest.mark.fault(42, "model, simulated, served and remote benches: the same tests, none left out or softened to pass")
def test_every_back_end_is_held_to_the_same_contract() -> None:
    assert len(PLAIN) >= 15
    for back_end in BACK_ENDS:
        own = {name for cls in back_end.__mro__[: -len(ChipContract.__mro__)] for name in vars(cls)}
        assert not [name for name in own if name.startswith("test_")]
        assert back_end.tolerance <= 1e-3  # what a 2636B states, and 1 Ohm of leads on 10 kOhm
        assert back_end.offset <= 1e-7
