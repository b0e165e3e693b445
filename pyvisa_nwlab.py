"""PyVISA finds nwlab's virtual benches under this name: `ResourceManager("instruments/benches/lab16.toml@nwlab")`."""

from __future__ import annotations

from collections.abc import Iterable

from pyvisa.util import LibraryPath

from nwlab.virtual.visa import NwlabVisaLibrary

DEFAULT_BENCH = "virtual"


class BenchVisaLibrary(NwlabVisaLibrary):
    """All instruments of one bench file, virtual, on one fresh world."""

    def _init(self) -> None:
        from nwlab.lab.places import find
        from nwlab.lab.virtual import table_for

        super()._init()
        table = table_for(find("bench", str(self.library_path)))
        self.mount(table.instruments, table.world)

    @staticmethod
    def get_library_paths() -> Iterable[LibraryPath]:
        """Return the bench that `@nwlab` alone means."""
        return (LibraryPath(DEFAULT_BENCH),)


WRAPPER_CLASS = BenchVisaLibrary
