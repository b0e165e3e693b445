import numpy as np
import pytest

from nwlab.bench.routing import Route, Router
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError
from nwlab.core.wiring import COMMON, Grid, Wiring

TERMINALS = ("A", "B", "C", "D")
ROWS = {"A": "a.hi", "B": "a.lo", "C": "b.hi", "D": "b.lo", "E": "a.shi", "F": "a.slo", "H": COMMON}
COLUMNS = {1: "A", 2: "B", 3: "C", 4: "D", 12: COMMON}


def router(
    rows: dict[str, str] = ROWS, columns: dict[int, str] = COLUMNS, wires: tuple[tuple[str, str], ...] = ()
) -> Router:
    return Router("lab16", Wiring(TERMINALS, (Grid("m", rows, columns),), wires), ("a", "b"))


def volts(terminal: int, low: int | None = None) -> Force:
    return Force(terminal, Quantity.VOLTAGE, np.ones(1), 1e-4, low=low)


def drive(*forces: Force, ground: tuple[int, ...] = ()) -> Drive:
    return Drive(np.ones(1), forces, ground)


def crosspoints(route: Route) -> set[str]:
    return {f"{row}{column}" for _, row, column in route.closed}


def test_a_floating_pair_needs_two_crosspoints() -> None:
    route = router().route(drive(volts(0, low=1)))
    assert (route.channels, crosspoints(route)) == (("a",), {"A1", "B2"})


def test_two_sources_against_common_with_a_grounded_terminal() -> None:
    route = router().route(drive(volts(0), volts(2), ground=(3,)))
    assert (route.channels, crosspoints(route)) == (("a", "b"), {"A1", "B12", "C3", "D12", "H4"})


def test_common_through_a_grounded_terminal_when_no_column_carries_it() -> None:
    columns = {column: place for column, place in COLUMNS.items() if place != COMMON}
    route = router(columns=columns).route(drive(volts(0), ground=(1,)))
    assert crosspoints(route) == {"A1", "B2", "H2"}
    with pytest.raises(DriveError, match="no SMU channel whose ends reach HI to A, LO to common"):
        router(columns=columns).route(drive(volts(0)))


def test_sense_ends_pick_the_channel_that_has_them() -> None:
    sensed = Force(0, Quantity.CURRENT, np.ones(1), 1.0, low=3, sense=(1, 2))
    route = router().route(drive(volts(1, low=2), sensed))
    assert route.channels == ("b", "a")
    assert crosspoints(route) == {"C2", "D3", "A1", "B4", "E2", "F3"}


def test_a_held_route_is_kept() -> None:
    assert router().route(drive(volts(0, low=1)), prefer=("b",)).channels == ("b",)


def test_wired_ports_need_no_relay() -> None:
    wired = Router("w", Wiring(TERMINALS, (), (("a.hi", "A"), ("a.lo", COMMON), (COMMON, "D"))), ("a",))
    assert crosspoints(wired.route(drive(volts(0), ground=(3,)))) == set()
    with pytest.raises(DriveError, match="terminal B cannot be tied to common"):
        wired.route(drive(volts(0), ground=(1,)))


def test_more_forces_than_channels_are_refused_never_multiplexed() -> None:
    with pytest.raises(DriveError, match=r"forces 3 terminals \(A, B, C\), bench 'lab16' has 2 SMU channels \(a, b\)"):
        router().route(drive(volts(0), volts(1), volts(2), ground=(3,)))


def test_each_alone_but_not_together() -> None:
    rows = {"A": "a.hi", "B": "a.lo", "H": COMMON}
    with pytest.raises(DriveError, match="not all at once"):
        router(rows=rows).route(drive(volts(0, low=1), volts(2, low=3)))
