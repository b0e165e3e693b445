"""A bench in this process: its file and chip, read and checked, then its instruments, connected."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

from nwlab.bench.bench import Bench, Equipment
from nwlab.bench.lease import Lease
from nwlab.core.clock import Clock, SystemClock, VirtualClock
from nwlab.core.errors import UsageError, WireError
from nwlab.core.record import Document
from nwlab.core.wiring import Wiring
from nwlab.drivers.link import default_library
from nwlab.drivers.roles import Matrix, SourceMeter
from nwlab.lab.bench_file import VIRTUAL, BenchFile, InstrumentEntry, load_bench_file
from nwlab.lab.open_chip import About, OpenChip
from nwlab.lab.places import find
from nwlab.lab.registry import load
from nwlab.lab.virtual import VirtualTable, build, by_address
from nwlab.model.chip_file import load_chip
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

    def __init__(self, order: BenchOrder) -> None:
        """Read the files; raises FileError or UsageError."""
        self._order, self._file = order, order.file
        self.simulated = order.virtual or is_virtual(self._file)
        self._mounted = load_chip(self._file.chip if order.chip is None else find("chip", order.chip))
        self._script = None if order.faults is None else load_faults(find("fault script", order.faults))
        terminals = self._mounted.terminals
        self._wiring = self._file.wiring(terminals) if order.chip is None else self._file.mount(terminals)

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
            clock = _clock(file, stack, virtual=self._order.virtual)
            table = self._simulation(clock)
            equipment, identities = _connect(file, self._wiring, clock, table, stack)
            limits = mounted.limits if file.limits is None else mounted.limits.lower(file.limits)
            bench = Bench(file.name, equipment, self._wiring, limits, clock, held)
            links = stack.pop_all()
        stale = () if held is None else held.stale
        about = self._about(bench, identities, seeded=table is not None, remark="; ".join(stale))
        return OpenChip(bench, about, links, table)

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


def _connect(
    file: BenchFile, wiring: Wiring, clock: Clock, table: VirtualTable | None, stack: ExitStack
) -> tuple[Equipment, dict[str, str]]:
    smus: dict[str, SourceMeter] = {}
    channels: dict[str, tuple[str, str]] = {}
    matrices: dict[str, Matrix] = {}
    identities: dict[str, str] = {}
    for address, entries in by_address(file.smus).items():
        name = f"{entries[0].model} at {address}"
        smus[name], identities[name] = _driver(file, entries[0], clock, table, stack)
        channels |= {entry.name: (name, entry.channel) for entry in entries}
    for entry, grid in zip(file.matrices, wiring.grids, strict=True):
        name = f"{entry.model} at {entry.address}"
        matrices[entry.name], identities[name] = _driver(file, entry, clock, table, stack, settle=grid.settle)
    order = {entry.name: channels[entry.name] for entry in file.smus}
    return Equipment(smus, order, matrices, file.policies, file.kept), identities


def _driver(
    file: BenchFile,
    entry: InstrumentEntry,
    clock: Clock,
    table: VirtualTable | None,
    stack: ExitStack,
    **options: Any,
) -> tuple[Any, str]:
    """Connect one instrument and see that it is the one the bench file names."""
    driver = load("driver", entry.driver, file.path.parent)
    if table is not None and entry.address in table.instruments:
        from nwlab.virtual.visa import NwlabVisaLibrary

        options["visa_library"] = NwlabVisaLibrary.of(table.instruments, table.world)
    try:
        instrument = driver(entry.address, clock=clock, **options)
    except WireError as error:
        raise WireError(
            f"{file.path}: {entry.name}: no {entry.model} answers at {entry.address}: {error}; nothing was changed. "
            "Look at power, cable and address, and whether another program holds the link"
        ) from error
    stack.callback(instrument.adapter.close)
    identity = str(instrument.id).strip()
    if entry.model.upper() not in identity.upper():
        raise WireError(
            f"{file.path}: {entry.name}: a {entry.model} is expected at {entry.address}, but the instrument there says "
            f"{identity!r}; nothing was changed on it. Mend the model or the address in the bench file"
        )
    return instrument, identity


def _clock(file: BenchFile, stack: ExitStack, *, virtual: bool) -> Clock:
    if virtual or is_virtual(file):
        return VirtualClock()
    if file.clock is None:
        return SystemClock()
    host, _, port = file.clock.rpartition(":")
    clock = RemoteClock(host, int(port))
    stack.callback(clock.close)
    return clock


def is_virtual(file: BenchFile) -> bool:
    """Whether every instrument of a bench is simulated by its own file."""
    return not file.addresses
