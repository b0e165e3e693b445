"""A bench in this process: its file and chip, read and checked, then its instruments, connected."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass

from nwlab.bench.bench import Bench
from nwlab.bench.lease import Lease
from nwlab.core.clock import Clock, PacedClock, SystemClock, VirtualClock
from nwlab.core.errors import UsageError, WireError
from nwlab.core.record import Document
from nwlab.core.safe_state import SafeState
from nwlab.drivers.link import default_library
from nwlab.lab.bench_file import VIRTUAL, BenchFile, InstrumentEntry, load_bench_file
from nwlab.lab.connecting import Connector, connect, matrices_of
from nwlab.lab.open_chip import About, OpenChip
from nwlab.lab.places import find
from nwlab.lab.registry import load
from nwlab.lab.virtual import VirtualTable, build
from nwlab.model.chip_file import ChipFile, load_chip
from nwlab.virtual.clock_link import RemoteClock
from nwlab.virtual.faults import load_faults


@dataclass(frozen=True)
class BenchOrder:
    """Which bench is to be opened, and how; plain values that another process can be handed."""

    bench: str
    virtual: bool = False
    chip: str | None = None
    seed: int | None = None
    faults: str | None = None  # a fault script for simulated instruments
    speed: float | None = None  # times real time, to which simulated instruments are held back

    @property
    def file(self) -> BenchFile:
        """The bench file; raises FileError, UsageError when the order makes no sense."""
        file = load_bench_file(self.bench)
        if self.chip is not None and not (self.virtual or is_virtual(file)):
            raise UsageError(
                f"bench {file.name!r} is real: the chip on it is what its file says; --chip goes with --virtual"
            )
        if self.faults is not None and not (self.virtual or has_virtual_part(file)):
            raise UsageError(f"bench {file.name!r} is real, and its faults are its own: --faults goes with --virtual")
        if self.speed is not None and not (self.virtual or is_virtual(file)):
            raise UsageError(f"bench {file.name!r} is real and keeps its own time: --speed goes with --virtual")
        return file

    def is_apart(self, asked: bool | None) -> bool:
        """Whether the instruments get a process of their own."""
        file = self.file
        if asked is not None:
            return asked
        if file.process.separate is not None:
            return file.process.separate
        return bool(file.addresses) and not self.virtual


class Table:
    """A bench file with the chip on it, read and checked; no instrument has been touched."""

    def __init__(self, order: BenchOrder, mounted: ChipFile | None = None) -> None:
        """Read the files, but for a chip file that was read before, `mounted`; raises FileError or UsageError."""
        self._order, self._file = order, order.file
        self.simulated = order.virtual or is_virtual(self._file)
        self._mounted = mounted or load_chip(self._file.chip if order.chip is None else find("chip", order.chip))
        self._script = None if order.faults is None else load_faults(find("fault script", order.faults))
        terminals = self._mounted.terminals
        is_own = order.chip is None and self._mounted.path.resolve() == self._file.chip
        self._wiring = self._file.wiring(terminals) if is_own else self._file.mount(terminals)

    def warm_up(self) -> None:
        """Import what opening will need, so that it is quick when it has to be."""
        for entry in (*self._file.smus, *self._file.matrices):
            load("driver", entry.driver, self._file.path.parent)
        if self._file.addresses:
            default_library()

    def open(self, *, lease: bool = True) -> OpenChip:
        """Connect; raises UsageError while another program holds an instrument, WireError."""
        file, mounted = self._file, self._mounted
        with ExitStack() as stack:
            held = _lease(file, stack) if lease and not self.simulated else None
            clock = _clock(file, stack, virtual=self._order.virtual, speed=self._order.speed)
            table = self._simulation(clock)
            connector = Connector(file, clock, table, stack)
            equipment, identities = connect(file, file.smus, matrices_of(file, self._wiring), connector)
            limits = mounted.limits if file.limits is None else mounted.limits.lower(file.limits)
            bench = Bench(file.name, equipment, self._wiring, limits, clock, held)
            links = stack.pop_all()
        stale = () if held is None else held.stale
        about = self._about(bench, identities, seeded=table is not None, remark="; ".join(stale))
        return OpenChip(bench, about, links, table)

    def make_safe(self, *, lease: bool = True) -> SafeState:
        """Reach every real instrument over a fresh link and run the safe order on those that answer.

        One that does not answer stands among the failures and keeps no other from its turn. Raises UsageError while
        another program holds an instrument.
        """
        file, missing = self._file, list[str]()
        gone = [entry.address for entry in (*file.smus, *file.matrices) if not self._is_real(entry)]
        stale: tuple[str, ...] = ()
        with ExitStack() as stack:
            if lease and len(gone) < len(file.smus) + len(file.matrices):
                stale = _lease(file, stack).stale
            clock = _clock_at_hand(file, stack)
            smus = [entry for entry in file.smus if self._is_real(entry)]
            grids = [pair for pair in matrices_of(file, self._wiring) if self._is_real(pair[0])]
            equipment, _ = connect(file, smus, grids, Connector(file, clock, None, stack), missing)
            state = equipment.safe_order(clock).run()
        ended = tuple(f"{address}: simulated, ended with its process" for address in dict.fromkeys(gone))
        return SafeState((*missing, *state.failures), (*state.found, *ended, *stale))

    def _is_real(self, entry: InstrumentEntry) -> bool:
        return not self._order.virtual and entry.address in self._file.addresses

    def _simulation(self, clock: Clock) -> VirtualTable | None:
        file = self._file
        if not self.simulated and not has_virtual_part(file):
            return None
        seed, everything = self._order.seed, self.simulated
        return build(file, self._mounted, self._wiring, clock, seed=seed, everything=everything, faults=self._script)

    def _about(self, bench: Bench, identities: Mapping[str, str], *, seeded: bool, remark: str) -> About:
        file, mounted = self._file, self._mounted
        return About(
            chip=mounted.name,
            bench=file.name,
            seed=(mounted.seed if self._order.seed is None else self._order.seed) if seeded else None,
            documents={
                "bench": Document(str(file.path), file.text),
                "chip": Document(str(mounted.path), mounted.text),
                **({} if self._script is None else {"faults": Document(str(self._script.path), self._script.text)}),
            },
            identities=identities,
            found_on=bench.found_on,
            sources=bench.sources,
            remark=remark,
        )


def has_virtual_part(file: BenchFile) -> bool:
    """Whether at least one instrument of a bench is simulated by its own file."""
    return any(entry.address.startswith(VIRTUAL) for entry in (*file.smus, *file.matrices))


def _lease(file: BenchFile, stack: ExitStack) -> Lease:
    lease = Lease(file.addresses, f"nwlab, bench {file.name!r}")
    stack.callback(lease.close)
    return lease


def checked_speed(speed: float) -> float:
    """Return a speed; raises UsageError for one that is none."""
    if not 0 < speed < float("inf"):
        raise UsageError(f"time goes at a speed above 0, such as 1 for real time or 20; not {speed:g}")
    return speed


def _clock(file: BenchFile, stack: ExitStack, *, virtual: bool, speed: float | None = None) -> Clock:
    if virtual or is_virtual(file):
        return VirtualClock() if speed is None else PacedClock(checked_speed(speed))
    if file.clock is None:
        return SystemClock()
    host, _, port = file.clock.rpartition(":")
    clock = RemoteClock(host, int(port))
    stack.callback(clock.close)
    return clock


def _clock_at_hand(file: BenchFile, stack: ExitStack) -> Clock:
    """The bench's clock, or this computer's where that is gone: making safe needs some clock."""
    try:
        return _clock(file, stack, virtual=False)
    except WireError:
        return SystemClock()


def is_virtual(file: BenchFile) -> bool:
    """Whether every instrument of a bench is simulated by its own file."""
    return not file.addresses
