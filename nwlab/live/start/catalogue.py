"""What there is to choose from when a run is made up: benches, chips, protocols, fault scripts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from nwlab.live.start.order import BENCH
from nwlab.protocol.parameters import Parameter


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing of a list."""

    name: str  # what is typed for it on the command line
    about: str
    path: Path


@dataclass(frozen=True, slots=True)
class ProtocolFacts:
    """What a form needs to know of a protocol file."""

    parameters: Mapping[str, Parameter]
    files: tuple[Path, ...]  # that decide about what is done: the protocol, and a lab's own steps
    asks_twin: bool = False  # whether its steps ask a twin what to expect


@dataclass(frozen=True, slots=True)
class BenchFacts:
    """What a form needs to know of a bench file."""

    path: Path
    chip: Path  # that is mounted
    simulated: bool  # whether no instrument of it is real
    has_simulated: bool  # whether at least one is not


@dataclass(frozen=True, slots=True)
class ChipFacts:
    """What a form needs to know of a chip file."""

    path: Path
    terminals: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    """The lists, and what reads the files; the latter raise FileError."""

    protocols: tuple[Entry, ...]
    benches: tuple[Entry, ...]
    chips: tuple[Entry, ...]
    faults: tuple[Entry, ...]
    model: str  # name of the chip whose model is played when none is named
    read_protocol: Callable[[Path], ProtocolFacts]
    read_bench: Callable[[Path], BenchFacts]
    read_chip: Callable[[Path], ChipFacts]

    @property
    def usual_bench(self) -> Entry:
        """The bench that is taken when none is named."""
        return next(each for each in self.benches if each.name == BENCH)


def entry_of(path: Path, known: tuple[Entry, ...] = ()) -> Entry:
    """Return the entry of a file, which `known` may have by its name; else it is typed as a path."""
    whole = path.resolve()
    for entry in known:
        if entry.path.resolve() == whole:
            return entry
    here = Path.cwd()
    name = str(whole.relative_to(here)) if whole.is_relative_to(here) else str(whole)
    return Entry(f"./{name}" if name.startswith("-") else name, "", whole)
