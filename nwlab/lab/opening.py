"""Files become chips: a bench through real or simulated instruments, here or in a process of its own, or a model."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nwlab.bench.bench import Bench, Equipment
from nwlab.bench.lease import Lease
from nwlab.core.chip import CheckedChip, Chip
from nwlab.core.clock import Clock, SystemClock, VirtualClock
from nwlab.core.errors import UsageError, WireError
from nwlab.core.record import Document
from nwlab.core.safe_state import SafeState
from nwlab.core.wiring import Wiring
from nwlab.drivers.roles import Matrix, SourceMeter
from nwlab.lab.bench_file import VIRTUAL, BenchFile, InstrumentEntry, load_bench_file
from nwlab.lab.places import find
from nwlab.lab.registry import load
from nwlab.lab.virtual import VirtualTable, build, by_address, without_virtual
from nwlab.model import chip_file
from nwlab.model.chip_file import ChipFile
from nwlab.model.model_chip import ModelChip
from nwlab.remote.guest import RemoteChip
from nwlab.virtual.clock_link import RemoteClock


@dataclass(frozen=True)
class About:
    """Where a chip came from, for the record of a run."""

    chip: str = ""
    bench: str = ""
    seed: int | None = None
    documents: Mapping[str, Document] = field(default_factory=dict[str, Document])
    identities: Mapping[str, str] = field(default_factory=dict[str, str])
    found_on: tuple[str, ...] = ()  # outputs that were on when the bench was opened
    sources: int | None = None  # SMU channels of the bench; None without a bench
    remark: str = ""  # what a person should know about this chip before trusting it


class OpenChip(CheckedChip):
    """A checked chip that knows where it came from."""

    def __init__(self, chip: Chip, about: About, links: ExitStack | None = None) -> None:
        super().__init__(chip)
        self.about = about
        self.bench = chip if isinstance(chip, Bench) else None  # None too when it is in another process
        self._remote = chip if isinstance(chip, RemoteChip) else None
        self._links = links or ExitStack()

    @property
    def safe_state(self) -> SafeState | None:
        """What the safe order found; None before it ran, and for a model."""
        place = self.bench or self._remote
        return None if place is None else place.safe_state

    @property
    def holding(self) -> bool:
        """Whether levels of the last drive still stand on the bench's instruments here."""
        return self.bench is not None and self.bench.holding

    def make_safe(self, *, everything: bool = False) -> SafeState:
        """Run the safe order of a bench here and tell what was read back."""
        return SafeState() if self.bench is None else self.bench.make_safe(everything=everything)

    def idle(self) -> None:
        """Tell a bench in another process that the control program lives; to be called while it waits for a person."""
        if self._remote is not None:
            self._remote.beat()

    def log_to(self, path: Path) -> None:
        """Have a bench in another process keep its log beside the record of the run."""
        if self._remote is not None:
            self._remote.log_to(str(path.resolve()))

    def let_go(self) -> None:
        """Let go of the instruments as they are, after `make_safe`."""
        self._links.close()

    def close(self) -> None:
        """Go to the safe state, then let go of the instruments; raises UnsafeError when it cannot be confirmed."""
        with self._links:
            super().close()

    def __enter__(self) -> OpenChip:
        return self


def load_chip(chip: str | Path = "stochastic-2025") -> ChipFile:
    """Read a chip file, by path or by name; `film()` of it is the chip's matter, for analysis without the seam.

    Raises FileError for a faulty file, UsageError when there is none.
    """
    return chip_file.load_chip(find("chip", chip))


def open_model(chip: str | Path = "stochastic-2025", *, seed: int | None = None) -> OpenChip:
    """Open a chip file's model as a Chip, without instruments.

    Raises FileError for a faulty file, UsageError when there is none.
    """
    file = load_chip(chip)
    model = ModelChip(file.film(seed), file.terminals, file.limits, VirtualClock())
    return OpenChip(
        model, About(file.name, seed=_seed(file, seed), documents={"chip": Document(str(file.path), file.text)})
    )


def open_bench(
    bench: str | Path = "virtual",
    *,
    virtual: bool = False,
    chip: str | Path | None = None,
    seed: int | None = None,
    separate: bool | None = None,
) -> OpenChip:
    """Open a bench file as a Chip; `virtual` simulates every instrument, `chip` mounts another chip on a virtual bench.

    Real instruments are held by a process of their own, which makes them safe when this one dies or hangs; `separate`
    asks for that or against it, whatever the file says. `tcp://host:port` is a bench that `nwlab serve-bench` serves.
    Nothing is changed on the instruments by opening. Raises FileError, UsageError, or WireError when an instrument does
    not answer as the file says.
    """
    if str(bench).startswith("tcp://"):
        from nwlab.lab.served_bench import connect

        return connect(str(bench))
    order = BenchOrder(str(find("bench", bench)), virtual, None if chip is None else str(chip), seed)
    if not order.is_apart(separate):
        return open_here(order)
    from nwlab.lab.bench_process import open_apart

    return open_apart(order)


@dataclass(frozen=True)
class BenchOrder:
    """Which bench is to be opened, and how; plain values that another process can be handed."""

    bench: str
    virtual: bool = False
    chip: str | None = None
    seed: int | None = None

    @property
    def file(self) -> BenchFile:
        """The bench file; raises FileError, UsageError when the order makes no sense."""
        file = load_bench_file(self.bench)
        if self.chip is not None and not (self.virtual or is_virtual(file)):
            raise UsageError(
                f"bench {file.name!r} is real: the chip on it is what its file says; --chip goes with --virtual"
            )
        return file

    def is_apart(self, asked: bool | None) -> bool:
        """Whether the instruments get a process of their own."""
        file = self.file
        if asked is not None:
            return asked
        if file.process.separate is not None:
            return file.process.separate
        return bool(file.addresses) and not self.virtual


def open_here(order: BenchOrder) -> OpenChip:
    """Open a bench in this process; raises what `open_bench` raises."""
    file, seed = order.file, order.seed
    everything = order.virtual or is_virtual(file)
    mounted = load_chip(file.chip if order.chip is None else order.chip)
    wiring = file.wiring(mounted.terminals) if order.chip is None else file.mount(mounted.terminals)
    with ExitStack() as stack:
        lease = None if everything else _lease(file, stack)
        clock = _clock(file, stack, virtual=order.virtual)
        simulated = everything or any(entry.address.startswith(VIRTUAL) for entry in (*file.smus, *file.matrices))
        table = build(file, mounted, wiring, clock, seed=seed, everything=everything) if simulated else None
        equipment, identities = _connect(file, wiring, clock, table, stack)
        limits = mounted.limits if file.limits is None else mounted.limits.lower(file.limits)
        opened = Bench(file.name, equipment, wiring, limits, clock, lease)
        links = stack.pop_all()
    about = About(
        chip=mounted.name,
        bench=file.name,
        seed=_seed(mounted, seed) if table is not None else None,
        documents={
            "bench": Document(str(file.path), file.text),
            "chip": Document(str(mounted.path), mounted.text),
        },
        identities=identities,
        found_on=opened.found_on,
        sources=opened.sources,
        remark="; ".join(() if lease is None else lease.stale),
    )
    return OpenChip(opened, about, links)


def _lease(file: BenchFile, stack: ExitStack) -> Lease:
    lease = Lease(file.addresses, f"nwlab, bench {file.name!r}")
    stack.callback(lease.close)
    return lease


def open_rehearsal(
    bench: str | Path = "virtual", *, chip: str | Path | None = None, seed: int | None = None
) -> OpenChip:
    """Open the virtual twin of a bench, or, when a driver has no virtual instrument, the model under its limits."""
    file = load_bench_file(find("bench", bench))
    missing = without_virtual(file)
    if not missing:
        return open_bench(bench, virtual=True, chip=chip, seed=seed, separate=False)
    mounted = load_chip(file.chip if chip is None else chip)
    limits = mounted.limits if file.limits is None else mounted.limits.lower(file.limits)
    model = ModelChip(mounted.film(seed), mounted.terminals, limits, VirtualClock())
    remark = f"{', '.join(missing)} has no virtual instrument: played on the chip's model under the bench's limits"
    documents = {"bench": Document(str(file.path), file.text), "chip": Document(str(mounted.path), mounted.text)}
    return OpenChip(model, About(mounted.name, file.name, _seed(mounted, seed), documents, remark=remark))


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


def _seed(file: ChipFile, seed: int | None) -> int | None:
    return file.seed if seed is None else seed
