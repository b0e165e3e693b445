"""What two writes before a query cost over loopback: a server that lets acknowledgements wait makes it 40 ms."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable

import pyvisa
from pyvisa.resources import MessageBasedResource
from virtual.parrot import Parrot
from virtual.resistor_film import ResistorFilm

from nwlab.core.clock import SystemClock
from nwlab.core.wiring import Wiring
from nwlab.virtual.server import serve
from nwlab.virtual.world import World


def milliseconds(act: Callable[[], object], repeats: int = 200) -> float:
    """Median of many."""
    times: list[float] = []
    for _ in range(repeats):
        before = time.perf_counter()
        act()
        times.append(1e3 * (time.perf_counter() - before))
    return statistics.median(times)


def test_two_writes_before_a_query_cost_less_than_a_millisecond() -> None:
    world = World(ResistorFilm(1), Wiring(("A",)), SystemClock())
    manager = pyvisa.ResourceManager("@py")
    with serve({"parrot": Parrot(world)}, world) as server:
        options = {"read_termination": "\n", "write_termination": "\n"}
        link = manager.open_resource(server.services[0].resource, **options)
        assert isinstance(link, MessageBasedResource)

        def write_write_query() -> None:
            link.write("first")
            link.write("second")
            link.query("say hello")

        single = milliseconds(lambda: link.query("say hello"))
        double = milliseconds(write_write_query)
        link.close()
    manager.close()
    print(f"\nquery {single:.3f} ms; write, write, query {double:.3f} ms")
    assert double < 1.0
