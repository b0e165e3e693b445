"""A virtual bench on TCP ports of this computer, with its clock beside it."""

from __future__ import annotations

import re
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from nwlab.core.clock import SystemClock
from nwlab.core.errors import UsageError
from nwlab.lab.bench_file import BenchFile, load_bench_file
from nwlab.lab.places import find
from nwlab.lab.virtual import VirtualTable, build
from nwlab.model.chip_file import load_chip
from nwlab.virtual.clock_link import serve_clock
from nwlab.virtual.faults import load_faults
from nwlab.virtual.server import LOOPBACK, Service, serve


@dataclass(frozen=True)
class _Site:
    file: BenchFile
    table: VirtualTable
    chip: Path


class ServedBench:
    """Virtual instruments that any program on this computer can talk to, until `close`."""

    def __init__(
        self,
        bench: str | Path = "virtual",
        *,
        chip: str | Path | None = None,
        speed: float = 1.0,
        port: int | None = None,
        seed: int | None = None,
        faults: str | Path | None = None,
    ) -> None:
        """Simulate a bench file and listen; `port` is the first of consecutive ones, the clock's the last.

        `faults` is a fault script, by path or by name; what struck is in `faults.log`.

        Raises FileError or UsageError (a port in use, a speed that is none).
        """
        if not speed > 0:
            raise UsageError(f"a bench is served at a speed above 0, not {speed:g}")
        self._site = _site(bench, chip, speed, seed, faults)
        table = self._site.table
        self.faults = table.faults
        names = {table.names[address]: instrument for address, instrument in table.instruments.items()}
        ports = {} if port is None else {name: port + index for index, name in enumerate(names)}
        with ExitStack() as stack:
            server = stack.enter_context(serve(names, table.world, ports=ports))
            clock = serve_clock(table.world, LOOPBACK, 0 if port is None else port + len(names))
            stack.callback(clock.close)
            self._stack = stack.pop_all()
        self.services: tuple[Service, ...] = server.services
        self.clock = f"{clock.host}:{clock.port}"

    def write(self, path: str | Path) -> Path:
        """Write a bench file that reaches the served instruments; the same but for addresses, chip and clock."""
        text = self._site.file.text
        addresses = dict(zip(self._site.table.instruments, self.services, strict=True))
        for address, service in addresses.items():
            text = text.replace(f'"{address}"', f'"{service.resource}"')
        text = re.sub(r"(?m)^chip\s*=.*$", lambda _: f'chip = "{self._site.chip.as_posix()}"', text, count=1)
        Path(path).write_text(f'clock = "{self.clock}"\n{text}', encoding="utf-8")
        return Path(path)

    def close(self) -> None:
        """Stop listening; a second call does nothing."""
        self._stack.close()

    def __enter__(self) -> ServedBench:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _site(
    bench: str | Path, chip: str | Path | None, speed: float, seed: int | None, faults: str | Path | None
) -> _Site:
    file = load_bench_file(find("bench", bench))
    path = file.chip if chip is None else find("chip", chip).resolve()
    mounted = load_chip(path)
    wiring = file.wiring(mounted.terminals) if chip is None else file.mount(mounted.terminals)
    script = None if faults is None else load_faults(find("fault script", faults))
    return _Site(file, build(file, mounted, wiring, SystemClock(speed), seed=seed, faults=script), path)
