"""The virtual twin of a bench file: one world, one chip, and a simulated instrument at each address."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nwlab.core.clock import Clock, VirtualClock
from nwlab.core.errors import UsageError
from nwlab.core.wiring import Wiring
from nwlab.lab.bench_file import VIRTUAL, BenchFile, InstrumentEntry, load_bench_file
from nwlab.lab.registry import known, load
from nwlab.model.chip_file import ChipFile, load_chip
from nwlab.virtual.faults import FaultScript, Stage, may_drift, plant
from nwlab.virtual.instrument import VirtualInstrument
from nwlab.virtual.world import World


@dataclass(frozen=True)
class VirtualTable:
    """Simulated instruments that stand in one world."""

    world: World
    instruments: Mapping[str, VirtualInstrument]  # by address
    names: Mapping[str, str]  # address → name for people
    faults: FaultScript | None = None  # what was planted on it


def by_address(entries: Iterable[InstrumentEntry]) -> dict[str, tuple[InstrumentEntry, ...]]:
    """Group entries that belong to one instrument, in file order."""
    found: dict[str, tuple[InstrumentEntry, ...]] = {}
    for entry in entries:
        found[entry.address] = (*found.get(entry.address, ()), entry)
    return found


def without_virtual(bench: BenchFile) -> tuple[str, ...]:
    """Return the drivers of a bench that have no simulated counterpart."""
    names = known("virtual instrument")
    return tuple(
        entry.driver
        for entry in (*bench.smus, *bench.matrices)
        if entry.virtual not in names and (".py:" not in entry.virtual or entry.virtual == entry.driver)
    )


def build(
    bench: BenchFile,
    chip: ChipFile,
    wiring: Wiring,
    clock: Clock,
    *,
    seed: int | None = None,
    everything: bool = True,
    faults: FaultScript | None = None,
) -> VirtualTable:
    """Simulate the instruments of a bench, all of them or those whose address says so, around one chip.

    Raises UsageError for a driver without a simulated counterpart, FileError for a fault that the bench cannot have.
    """
    missing = without_virtual(bench)
    if missing and everything:
        raise UsageError(
            f"bench {bench.name!r} cannot be simulated: {', '.join(missing)} has no virtual instrument; "
            'add virtual = "file.py:Class" to its table, or use --model'
        )
    film = chip.film(seed) if faults is None else may_drift(faults, chip.film(seed))
    world = World(film, wiring, clock)
    instruments: dict[str, VirtualInstrument] = {}
    for address, entries in by_address(bench.smus).items():
        if everything or address.startswith(VIRTUAL):
            factory = _factory(bench, entries[0])
            channels = {entry.channel: entry.name for entry in entries}
            instruments[address] = factory(world, channels, model=entries[0].model, seed=_seed(chip, seed))
    for entry in bench.matrices:
        if everything or entry.address.startswith(VIRTUAL):
            instruments[entry.address] = _factory(bench, entry)(world, entry.name, model=entry.model)
    if faults is not None:
        smus, matrices = (
            {entry.name: entry.address for entry in entries if entry.address in instruments}
            for entries in (bench.smus, bench.matrices)
        )
        instruments = plant(faults, Stage(world, film, wiring, smus, matrices, instruments))
    return VirtualTable(world, instruments, _names(bench), faults)


def table_for(path: str | Path) -> VirtualTable:
    """Simulate a bench file for any PyVISA program, on a clock that jumps."""
    bench = load_bench_file(path)
    chip = load_chip(bench.chip)
    return build(bench, chip, bench.wiring(chip.terminals), VirtualClock())


def _seed(chip: ChipFile, seed: int | None) -> int:
    """Instruments have noise of their own, which follows the run's seed."""
    return next((known for known in (seed, chip.seed) if known is not None), 0)


def _factory(bench: BenchFile, entry: InstrumentEntry) -> Callable[..., VirtualInstrument]:
    return load("virtual instrument", entry.virtual, bench.path.parent)


def _names(bench: BenchFile) -> dict[str, str]:
    grouped = by_address((*bench.smus, *bench.matrices))
    return {address: "-".join(entry.name for entry in entries) for address, entries in grouped.items()}
