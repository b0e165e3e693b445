"""Whatever goes wrong while a bench is made safe: tried again, the next one has its turn, and what is left is told."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from machine.laboratory import Laboratory

from nwlab.bench.safe import SafeOrder
from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import UnsafeError
from nwlab.core.wiring import Grid, Wiring
from nwlab.drivers.keithley707 import Keithley707
from nwlab.drivers.keithley2600 import Keithley2600
from nwlab.lab.open_chip import OpenChip
from nwlab.model.resistor_film import ResistorFilm
from nwlab.virtual.k707 import Virtual707
from nwlab.virtual.k2600 import Virtual2600
from nwlab.virtual.visa import NwlabVisaLibrary
from nwlab.virtual.world import World

HELD = Drive(np.full(2, 0.05), (Force(0, Quantity.VOLTAGE, np.array([0.5, 1.0]), 2e-4, low=2),), hold=True)
PASSING = (
    'do = "lost"',
    'do = "lost"\nwhat = "message"',
    'do = "late"\ndelay = "7 s"',
    'do = "gibberish"',
    'do = "cut"',
    'do = "hung"\nduration = "4 s"',
)


def held(lab: Laboratory) -> OpenChip:
    """A bench that holds 1 V."""
    chip = lab.open()
    list(chip.apply(HELD))
    assert {"output a", "relay 1A01", "relay 1B03"} <= set(lab.driven())
    return chip


@pytest.mark.fault(30, "any message of the safe order lost, late, cut or hung: tried again, all off, and confirmed")
@pytest.mark.parametrize("what", PASSING)
@pytest.mark.parametrize("at", ["a", "m"])
def test_what_fails_once_is_tried_again(tmp_path: Path, at: str, what: str) -> None:
    struck = 0
    for nth in range(1, 9):
        lab = Laboratory(tmp_path, "resistors", "steps")
        chip = held(lab)
        lab.plant(f'[[fault]]\nat = "{at}"\n{what}\nmessage = " "\nnth = {nth}\n')
        chip.close()
        assert lab.driven() == []
        assert chip.safe_state is not None
        assert chip.safe_state.confirmed
        struck += len(lab.strikes)
    assert struck >= 3


@pytest.mark.fault(
    30, "an instrument that stays deaf: a device clear, then the next one in turn; unconfirmed, exit code 7"
)
@pytest.mark.parametrize(("at", "left"), [("a", {"output a"}), ("m", {"relay 1A01", "relay 1B03"})])
def test_what_fails_for_good_is_told_and_keeps_no_other_on(tmp_path: Path, at: str, left: set[str]) -> None:
    lab = Laboratory(tmp_path, "resistors", "steps")
    chip = held(lab)
    cleared: list[str] = []
    for name, wire in zip(("a", "m"), lab._instruments.values(), strict=True):
        clear = wire.clear
        wire.clear = lambda name=name, clear=clear: (cleared.append(name), clear())[1]  # type: ignore[method-assign]
    lab.plant(f'[[fault]]\nat = "{at}"\ndo = "silent"\n')
    begun = lab.clock.now()
    with pytest.raises(UnsafeError, match=r"could NOT be confirmed.*switch the instruments off by hand") as told:
        chip.close()
    assert told.value.exit_code == 7
    assert lab.clock.now() - begun < 120
    assert set(lab.driven()) == left
    assert set(cleared) == {at}


class Hall:
    """Three 2602B and two 707B in one world, each behind a wire that may be cut; who was told what, in order."""

    def __init__(self) -> None:
        grids = tuple(Grid(name, {"A": f"{name}.end"}, {1: "N"}) for name in ("m1", "m2"))
        self.clock = VirtualClock()
        world = World(ResistorFilm(2, ((0, 1, 1e4),)), Wiring(("N", "S"), grids), self.clock)
        self.told: list[tuple[str, str]] = []
        self.cut: set[str] = set()
        self.smus = {name: Virtual2600(world, {"a": f"{name}.a", "b": f"{name}.b"}, model="2602B") for name in SMUS}
        self.matrices = {name: Virtual707(world, name) for name in MATRICES}
        everyone = {**self.smus, **self.matrices}
        for name, instrument in everyone.items():
            instrument.receive = self._wire(name, instrument.receive)  # type: ignore[method-assign]
        library = NwlabVisaLibrary.of({address(name): each for name, each in everyone.items()}, world)  # type: ignore[arg-type]
        options = {"clock": self.clock, "visa_library": library}
        self.order = SafeOrder(
            {name: Keithley2600(address(name), name, **options) for name in SMUS},
            {name: Keithley707(address(name), name, **options) for name in MATRICES},
            self.clock,
        )

    def drive(self) -> None:
        """Switch everything on."""
        for smu in self.smus.values():
            smu.receive(b"smua.source.levelv = 1 smub.source.levelv = 2\n")
            smu.receive(b"smua.source.output = 1 smub.source.output = 1\n")
        for matrix in self.matrices.values():
            matrix.receive(b'channel.close("1A01")\n')
        self.told.clear()

    def on(self) -> set[str]:
        """What is on or closed, as the virtual instruments have it."""
        found = {name for name, smu in self.smus.items() if any(each.source.output == 1 for each in smu.smus)}
        return found | {name for name, matrix in self.matrices.items() if matrix.relays._driven}

    def first(self, words: str) -> dict[str, int]:
        """When each instrument was first told something."""
        return {name: at for at, (name, line) in reversed(list(enumerate(self.told))) if words in line}

    def _wire(self, name: str, receive):  # type: ignore[no-untyped-def]
        def through(data: bytes) -> None:
            self.told.append((name, data.decode()))
            if name not in self.cut:
                receive(data)

        return through


SMUS, MATRICES = ("s1", "s2", "s3"), ("m1", "m2")


def address(name: str) -> str:
    return f"GPIB0::{10 + (*SMUS, *MATRICES).index(name)}::INSTR"


@pytest.mark.fault(31, "any one of five instruments dead: all others off and open, each stage in the declared order")
@pytest.mark.parametrize("dead", ["", *SMUS, *MATRICES])
def test_all_others_go_to_the_safe_state_in_order(dead: str) -> None:
    hall = Hall()
    hall.drive()
    assert hall.on() == {*SMUS, *MATRICES}
    hall.cut = {dead} - {""}
    state = hall.order.run()
    assert hall.on() == hall.cut
    assert state.confirmed is (not dead)
    assert {failure.partition(":")[0] for failure in state.failures} == hall.cut
    zero, off, opened = (hall.first(words) for words in ("levelv = 0", "OUTPUT_OFF", "channel.open"))
    times = [*(zero[name] for name in SMUS), *(off[name] for name in SMUS), *(opened[name] for name in MATRICES)]
    assert all(one < two for one, two in pairwise(times)), times
