"""Instruments of a bench file, connected one by one."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

from nwlab.bench.bench import Equipment
from nwlab.core.clock import Clock
from nwlab.core.errors import WireError
from nwlab.core.wiring import Grid, Wiring
from nwlab.drivers.roles import Matrix, SourceMeter
from nwlab.lab.bench_file import BenchFile, InstrumentEntry
from nwlab.lab.registry import load
from nwlab.lab.virtual import VirtualTable, by_address


@dataclass(frozen=True)
class Connector:
    """Connects instruments of a bench file, real ones and those of a simulated table."""

    file: BenchFile
    clock: Clock
    table: VirtualTable | None
    stack: ExitStack

    def connect(self, entry: InstrumentEntry, **options: Any) -> tuple[Any, str]:
        """Connect one instrument and see that it is the one the bench file names; raises WireError."""
        path = self.file.path
        driver = load("driver", entry.driver, path.parent)
        if self.table is not None and entry.address in self.table.instruments:
            from nwlab.virtual.visa import NwlabVisaLibrary

            options["visa_library"] = NwlabVisaLibrary.of(self.table.instruments, self.table.world)
        try:
            instrument = driver(entry.address, clock=self.clock, **options)
        except WireError as error:
            raise WireError(
                f"{path}: {entry.name}: no {entry.model} answers at {entry.address}: {error}; nothing was changed. "
                "Look at power, cable and address, and whether another program holds the link"
            ) from error
        self.stack.callback(instrument.adapter.close)
        identity = str(instrument.id).strip()
        if entry.model.upper() not in identity.upper():
            raise WireError(
                f"{path}: {entry.name}: a {entry.model} is expected at {entry.address}, but the instrument there says "
                f"{identity!r}; nothing was changed on it. Mend the model or the address in the bench file"
            )
        return instrument, identity


Matrices = Sequence[tuple[InstrumentEntry, Grid]]


def matrices_of(file: BenchFile, wiring: Wiring) -> Matrices:
    """Return the matrices of a bench with what hangs where on each."""
    return list(zip(file.matrices, wiring.grids, strict=True))


def connect(
    file: BenchFile,
    entries: Sequence[InstrumentEntry],
    grids: Matrices,
    connector: Connector,
    missing: list[str] | None = None,
) -> tuple[Equipment, dict[str, str]]:
    """Connect SMUs, then matrices; one that does not answer is noted in `missing`, or raises where there is none."""
    smus: dict[str, SourceMeter] = {}
    channels: dict[str, tuple[str, str]] = {}
    matrices: dict[str, Matrix] = {}
    identities: dict[str, str] = {}
    for address, group in by_address(entries).items():
        name = f"{group[0].model} at {address}"
        with _noting(missing):
            smus[name], identities[name] = connector.connect(group[0])
            channels |= {entry.name: (name, entry.channel) for entry in group}
    for entry, grid in grids:
        name = f"{entry.model} at {entry.address}"
        with _noting(missing):
            matrices[entry.name], identities[name] = connector.connect(entry, settle=grid.settle)
    order = {entry.name: channels[entry.name] for entry in entries if entry.name in channels}
    return Equipment(smus, order, matrices, file.policies, file.kept), identities


@contextmanager
def _noting(missing: list[str] | None) -> Generator[None]:
    try:
        yield
    except Exception as error:  # a lab's own driver raises what it likes
        if missing is None:
            raise
        missing.append(str(error))
