"""Bench files: what stands on the table and what hangs where."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from nwlab.core.errors import FileError
from nwlab.core.files import Table, parse_toml, read_toml
from nwlab.core.limits import Limits, read_limits
from nwlab.core.safe_state import SafePolicy
from nwlab.core.wiring import COMMON, Grid, Wiring
from nwlab.lab.safety_tables import ProcessOptions, keeps_relays, read_policy, read_process

VIRTUAL = "virtual:"
"""An address that begins so makes its instrument virtual."""

ENDS = ("hi", "lo", "shi", "slo")


@dataclass(frozen=True)
class InstrumentEntry:
    """One `[smu.x]` or `[matrix.x]` table."""

    name: str
    driver: str
    model: str
    address: str
    virtual: str  # name of the far side; the driver's own unless stated
    channel: str = ""  # of an SMU


@dataclass(frozen=True)
class BenchFile:
    """A bench file, read and checked without touching an instrument."""

    name: str
    about: str
    path: Path
    text: str
    chip: Path
    limits: Limits | None  # None = the chip's
    smus: tuple[InstrumentEntry, ...]
    matrices: tuple[InstrumentEntry, ...]
    grids: tuple[Grid, ...]  # terminals as the file names them
    wires: tuple[tuple[str, str], ...]
    clock: str | None  # "host:port" of a served virtual bench's clock
    policies: Mapping[str, SafePolicy] = field(default_factory=dict[str, SafePolicy])  # by SMU channel
    kept: frozenset[str] = frozenset()  # matrices whose relays the safe state leaves as they are
    process: ProcessOptions = field(default_factory=ProcessOptions)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Addresses of real instruments."""
        entries = (*self.smus, *self.matrices)
        return tuple(dict.fromkeys(entry.address for entry in entries if not entry.address.startswith(VIRTUAL)))

    def wiring(self, terminals: tuple[str, ...]) -> Wiring:
        """Return the wiring for the bench's own chip; raises FileError for a terminal the chip lacks."""
        for place in self._named():
            if place not in terminals:
                raise FileError(
                    f"terminal {place!r} is wired here, but the chip {self.chip.stem!r} has {', '.join(terminals)}",
                    self.path,
                )
        return Wiring(terminals, self.grids, self.wires)

    def mount(self, terminals: tuple[str, ...]) -> Wiring:
        """Return the wiring for another chip: by name where the names agree, else terminal by terminal in order.

        Terminals beyond those the file names go on the free columns of the first matrix.
        """
        named = self._named()
        names = (
            {place: place for place in named}
            if set(named) <= set(terminals)
            else dict(zip(named, terminals, strict=False))
        )
        grids = [_remount(grid, names) for grid in self.grids]
        left = [terminal for terminal in terminals if terminal not in names.values()]
        if grids and left:
            free = (column for column in itertools.count(1) if column not in self.grids[0].columns)
            grids[0] = replace(grids[0], columns={**grids[0].columns, **dict(zip(free, left, strict=False))})
        return Wiring(terminals, tuple(grids), tuple(_rewire(self.wires, names)))

    def _named(self) -> list[str]:
        """Return the terminals that the file names, in file order."""
        places = [place for grid in self.grids for place in grid.columns.values()] + [place for _, place in self.wires]
        return [place for place in dict.fromkeys(places) if place != COMMON]


def load_bench_file(path: str | Path) -> BenchFile:
    """Read a bench file; raises FileError naming file, line and key."""
    table = read_toml(path)
    return _bench(table, table.path.read_text("utf-8"))


def parse_bench_file(text: str, path: str | Path) -> BenchFile:
    """Turn the text of a bench file into a bench; `path` is where it stood. Raises FileError likewise."""
    return _bench(parse_toml(text, path), text)


def _bench(table: Table, text: str) -> BenchFile:
    matrices = table.table("matrix")
    grids = tuple(_grid(name, matrices.table(name)) for name in matrices.keys())  # noqa: SIM118 - a Table is no dict
    bench = BenchFile(
        name=table.text("name"),
        about=table.text("about", ""),
        path=table.path,
        text=text,
        chip=(table.path.parent / table.text("chip")).resolve(),
        limits=read_limits(table.table("limits")) if "limits" in table else None,
        smus=tuple(_entries(table.table("smu"), ("channel", "safe"))),
        matrices=tuple(_entries(matrices, ("rows", "columns", "settle", "lead_resistance", "safe"))),
        grids=grids,
        wires=_wires(table.table("wires")),
        clock=_clock(table),
        policies={name: read_policy(_safe(table, "smu", name)) for name in table.table("smu").keys()},  # noqa: SIM118
        kept=frozenset(name for name in matrices.keys() if keeps_relays(_safe(table, "matrix", name))),  # noqa: SIM118
        process=read_process(table.table("process")),
    )
    table.finish()
    _check(bench, table)
    return bench


def _safe(table: Table, kind: str, name: str) -> Table:
    return table.table(kind).table(name).table("safe")


def _clock(table: Table) -> str | None:
    place = table.text("clock", None)
    if place is not None and not place.rpartition(":")[2].isdigit():
        raise table.error(f'needs "host:port" as `nwlab serve` prints it, not {place!r}', "clock")
    return place


def _entries(tables: Table, others: tuple[str, ...]) -> list[InstrumentEntry]:
    entries: list[InstrumentEntry] = []
    for name in tables.keys():  # noqa: SIM118 - a Table is no dict
        table = tables.table(name)
        driver = table.text("driver")
        channel = table.text("channel", "a") if "channel" in others else ""
        for key in others:
            table.raw(key, None)
        entries.append(
            InstrumentEntry(
                name, driver, table.text("model"), table.text("address"), table.text("virtual", driver), channel
            )
        )
        table.finish()
    return entries


def _grid(name: str, table: Table) -> Grid:
    rows, columns = table.table("rows"), table.table("columns")
    for column in columns.keys():  # noqa: SIM118 - a Table is no dict
        if not column.isdigit():
            raise columns.error("columns are numbered", column)
    return Grid(
        name,
        {row: rows.text(row) for row in rows.keys()},  # noqa: SIM118 - a Table is no dict
        {int(column): columns.text(column) for column in columns.keys()},  # noqa: SIM118 - a Table is no dict
        _positive(table, "settle", "s", 0.02),
        _positive(table, "lead_resistance", "Ohm", 0.0),
    )


def _positive(table: Table, key: str, unit: str, default: float) -> float:
    value = table.quantity(key, unit, default)
    if value < 0:
        raise table.error(f"{table.raw(key)!r} cannot be negative", key)
    return value


def _wires(table: Table) -> tuple[tuple[str, str], ...]:
    return tuple((port, table.text(port)) for port in table.keys())  # noqa: SIM118 - a Table is no dict


def _check(bench: BenchFile, table: Table) -> None:
    if not bench.smus:
        raise table.error("a bench needs at least one [smu.NAME]")
    ports = {f"{smu.name}.{end}" for smu, end in itertools.product(bench.smus, ENDS)} | {COMMON}
    for grid in bench.grids:
        for row, port in grid.rows.items():
            if port not in ports:
                raise table.table("matrix").table(grid.name).table("rows").error(_no_port(port, ports), row)
    for port, _ in bench.wires:
        if port not in ports:
            raise table.table("wires").error(_no_port(port, ports), port)


def _no_port(port: str, ports: set[str]) -> str:
    return f"there is no port {port!r} on this bench; it has {', '.join(sorted(ports))}"


def _remount(grid: Grid, mounted: Mapping[str, str]) -> Grid:
    kept = {column: mounted.get(place, place) for column, place in grid.columns.items() if place in {*mounted, COMMON}}
    return replace(grid, columns=kept)


def _rewire(wires: tuple[tuple[str, str], ...], mounted: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(port, mounted.get(place, place)) for port, place in wires if place in {*mounted, COMMON}]
