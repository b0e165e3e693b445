"""What is done to each terminal, as the map is told it."""

from __future__ import annotations

import numpy as np
from live.chips import scene, volts

from nwlab.core.drive import Force, Quantity
from nwlab.core.events import DriveFinished, DriveStarted, RunFinished
from nwlab.live.chip.state import TerminalState, state_of
from nwlab.live.scene.roles import Role

NAMES = tuple("ABCDE")


def test_current_is_meant_to_flow_to_the_low_side() -> None:
    assert state_of(scene(NAMES, [volts(0, 1.0, low=3)])).ways == (("A", "D"),)


def test_without_a_low_side_it_flows_to_what_is_tied_or_held_at_zero() -> None:
    """A voltmeter, which forces 0 A, takes none."""
    voltmeter = Force(3, Quantity.CURRENT, np.zeros(2), 1.0)
    state = state_of(scene(NAMES, [volts(0, 1.0), volts(1, 0.0), voltmeter], ground=(4,)))
    assert state.ways == (("A", "E"), ("A", "B"))
    assert [state.of(name).role for name in NAMES] == [Role.DRIVEN, Role.READ, Role.OPEN, Role.READ, Role.GROUNDED]


def test_values_and_compliance_are_those_of_the_acting_pair() -> None:
    state = state_of(scene(NAMES, [volts(0, 2.0, low=1), volts(2, -1.0, low=1)], limited=(2,)))
    assert state.of("A") == TerminalState(Role.DRIVEN, False, 2.0, 2e-4, 1e-4)
    assert state.of("C") == TerminalState(Role.DRIVEN, True, -1.0, -1e-4, 1e-4)
    assert state.of("C").values == ("−1 V", "−100 µA")
    assert state.of("C").told("C") == "C: driven, in compliance\n−1 V\n−100 µA\n100 µS"
    assert state.of("B").values == ()
    assert state.of("a terminal of another chip") == TerminalState()


def test_only_roles_compliance_and_ways_count_for_the_outline() -> None:
    one, two = (state_of(scene(NAMES, [volts(0, level, low=1)])) for level in (1.0, 2.0))
    assert one != two
    assert one.outline == two.outline
    assert state_of(scene(NAMES, [volts(0, 1.0, low=1)], limited=(0,))).outline != one.outline
    assert state_of(scene(NAMES, [volts(0, 1.0, low=2)])).outline != one.outline


def test_nothing_acts_after_a_drive_unless_it_holds_nor_after_the_run() -> None:
    what = scene(NAMES, [volts(0, 1.0, low=1)], limited=(0,))
    assert state_of(what).of("A").is_limited
    what.take(DriveFinished(0))
    assert set(state_of(what).terminals.values()) == {TerminalState()}
    assert state_of(what).ways == ()
    held = scene(NAMES, [volts(0, 1.0, low=1)])
    assert held.acting is not None
    held.take(DriveStarted(1, type(held.acting)(held.acting.dwell, held.acting.forces, hold=True), "held"))
    held.take(DriveFinished(1))
    assert state_of(held).of("A").role is Role.DRIVEN
    held.take(RunFinished("finished", 0))
    assert state_of(held).ways == ()
