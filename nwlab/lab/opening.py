"""Files become chips: a bench through real or simulated instruments, or a model by itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nwlab.bench.bench import Bench, Equipment
from nwlab.core.chip import CheckedChip, Chip
from nwlab.core.clock import Clock, SystemClock, VirtualClock
from nwlab.core.errors import UsageError, WireError
from nwlab.core.record import Document
from nwlab.core.wiring import Wiring
from nwlab.drivers.roles import Matrix, SourceMeter
from nwlab.lab.bench_file import VIRTUAL, BenchFile, InstrumentEntry, load_bench_file
from nwlab.lab.places import find
from nwlab.lab.registry import load
from nwlab.lab.virtual import VirtualTable, build, by_address, without_virtual
from nwlab.model import chip_file
from nwlab.model.chip_file import ChipFile
from nwlab.model.model_chip import ModelChip
from nwlab.virtual.clock_link import RemoteClock
from nwlab.virtual.faults import load_faults


@dataclass(frozen=True)
class About:
    """Where a chip came from, for the record of a run."""

    chip: str = ""
    bench: str = ""
    seed: int | None = None
    documents: Mapping[str, Document] = field(default_factory=dict[str, Document])
    identities: Mapping[str, str] = field(default_factory=dict[str, str])
    found_on: tuple[str, ...] = ()  # outputs that were on when the bench was opened
    remark: str = ""  # what a person should know about this chip before trusting it


class OpenChip(CheckedChip):
    """A checked chip that knows where it came from."""

    def __init__(
        self,
        chip: Chip,
        about: About,
        bench: Bench | None = None,
        links: ExitStack | None = None,
        table: VirtualTable | None = None,
    ) -> None:
        super().__init__(chip)
        self.about = about
        self.bench = bench
        self.table = table  # the simulated instruments behind the bench, and what was planted on them
        self._links = links or ExitStack()

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
    faults: str | Path | None = None,
) -> OpenChip:
    """Open a bench file as a Chip; `virtual` simulates every instrument, `chip` mounts another chip on a virtual bench.

    `faults` is a fault script, by path or by name, for the simulated instruments. Nothing is changed on the instruments
    by opening. Raises FileError, UsageError, or WireError when an instrument does not answer as the file says.
    """
    file = load_bench_file(find("bench", bench))
    if chip is not None and not (virtual or _is_virtual(file)):
        raise UsageError(
            f"bench {file.name!r} is real: the chip on it is what its file says; --chip goes with --virtual"
        )
    if faults is not None and not _simulates(file, virtual):
        raise UsageError(f"bench {file.name!r} is real, and its faults are its own: --faults goes with --virtual")
    script = None if faults is None else load_faults(find("fault script", faults))
    mounted = load_chip(file.chip if chip is None else chip)
    wiring = file.wiring(mounted.terminals) if chip is None else file.mount(mounted.terminals)
    with ExitStack() as stack:
        clock = _clock(file, stack, virtual=virtual)
        everything = virtual or _is_virtual(file)
        table = (
            build(file, mounted, wiring, clock, seed=seed, everything=everything, faults=script)
            if _simulates(file, virtual)
            else None
        )
        equipment, identities = _connect(file, wiring, clock, table, stack)
        limits = mounted.limits if file.limits is None else mounted.limits.lower(file.limits)
        opened = Bench(file.name, equipment, wiring, limits, clock)
        found_on = tuple(name for name, on in opened.outputs().items() if on)
        links = stack.pop_all()
    about = About(
        chip=mounted.name,
        bench=file.name,
        seed=_seed(mounted, seed) if table is not None else None,
        documents={
            "bench": Document(str(file.path), file.text),
            "chip": Document(str(mounted.path), mounted.text),
            **({} if script is None else {"faults": Document(str(script.path), script.text)}),
        },
        identities=identities,
        found_on=found_on,
    )
    return OpenChip(opened, about, opened, links, table)


def open_rehearsal(
    bench: str | Path = "virtual", *, chip: str | Path | None = None, seed: int | None = None
) -> OpenChip:
    """Open the virtual twin of a bench, or, when a driver has no virtual instrument, the model under its limits."""
    file = load_bench_file(find("bench", bench))
    missing = without_virtual(file)
    if not missing:
        return open_bench(bench, virtual=True, chip=chip, seed=seed)
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
    return Equipment(smus, order, matrices), identities


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
    if virtual or _is_virtual(file):
        return VirtualClock()
    if file.clock is None:
        return SystemClock()
    host, _, port = file.clock.rpartition(":")
    clock = RemoteClock(host, int(port))
    stack.callback(clock.close)
    return clock


def _simulates(file: BenchFile, virtual: bool) -> bool:
    return virtual or any(entry.address.startswith(VIRTUAL) for entry in (*file.smus, *file.matrices))


def _is_virtual(file: BenchFile) -> bool:
    return all(entry.address.startswith(VIRTUAL) for entry in (*file.smus, *file.matrices))


def _seed(file: ChipFile, seed: int | None) -> int | None:
    return file.seed if seed is None else seed
