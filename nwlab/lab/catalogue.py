"""What there is to choose from, for the window that starts runs; a lab's own code is not run for it."""

from __future__ import annotations

from pathlib import Path

from nwlab.core.errors import FileError
from nwlab.core.files import read_toml
from nwlab.lab.bench_file import load_bench_file
from nwlab.lab.bench_table import has_virtual_part, is_virtual
from nwlab.lab.listing import listing
from nwlab.lab.opening import MODEL
from nwlab.lab.places import known_files
from nwlab.live.start.catalogue import BenchFacts, Catalogue, ChipFacts, Entry, ProtocolFacts
from nwlab.protocol.parameters import read_parameters


def catalogue() -> Catalogue:
    """Return the lists as `nwlab list` tells them, and what reads a file of each."""
    return Catalogue(
        protocols=_entries("protocols"),
        benches=_entries("benches"),
        chips=_entries("chips"),
        faults=tuple(Entry(name, _about(path), path) for name, path in sorted(known_files("fault script").items())),
        model=MODEL,
        read_protocol=read_protocol,
        read_bench=read_bench,
        read_chip=read_chip,
    )


def read_protocol(path: Path) -> ProtocolFacts:
    """Read the parameters of a protocol file; raises FileError."""
    table = read_toml(path)
    table.text("name")
    own = tuple(path.parent / name for name in table.texts("use", ()))
    asks_twin = table.table("needs").boolean("twin", False)
    return ProtocolFacts(read_parameters(table.table("parameters")), (path, *own), asks_twin)


def read_bench(path: Path) -> BenchFacts:
    """Read what stands on a bench, and which chip; raises FileError."""
    file = load_bench_file(path)
    return BenchFacts(path, file.chip, simulated=is_virtual(file), has_simulated=has_virtual_part(file))


def read_chip(path: Path) -> ChipFacts:
    """Read the terminals of a chip; raises FileError."""
    return ChipFacts(path, read_toml(path).texts("terminals"))


def _entries(kind: str) -> tuple[Entry, ...]:
    return tuple(Entry(each["name"], each["about"], Path(each["path"])) for each in listing(kind))


def _about(path: Path) -> str:
    try:
        return read_toml(path).text("about", "")
    except FileError as error:
        return f"cannot be used: {error}"
