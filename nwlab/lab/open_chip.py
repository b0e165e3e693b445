"""A chip that was opened: where it came from, and the safe state it was left in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from nwlab.bench.bench import Bench
from nwlab.core.chip import CheckedChip, Chip
from nwlab.core.clock import PacedClock
from nwlab.core.drive import Drive
from nwlab.core.errors import UsageError
from nwlab.core.markup import card
from nwlab.core.reading import Reading
from nwlab.core.record import Document
from nwlab.core.safe_state import SafeState
from nwlab.core.units import show
from nwlab.lab.virtual import VirtualTable
from nwlab.remote.guest import RemoteChip
from nwlab.runs.interrupts import shielded


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

    def __init__(
        self, chip: Chip, about: About, links: ExitStack | None = None, table: VirtualTable | None = None
    ) -> None:
        super().__init__(chip)
        self.about = about
        self.table = table  # the simulated instruments behind the bench here, and what was planted on them
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

    @property
    def resting(self) -> bool:
        """Whether a drive that was given up is on its way to rest."""
        return self.bench is not None and self.bench.resting

    @property
    def relays(self) -> int | None:
        """How many relays were closed since it was opened; None without a matrix, and for a model."""
        place = self.bench or self._remote
        return None if place is None else place.relays

    @property
    def remarks(self) -> Mapping[str, str]:
        """By terminal: what is to be said of its readings."""
        place = self.bench or self._remote
        return {} if place is None else place.remarks

    def apply(self, drive: Drive) -> Iterator[Reading]:
        """Check the drive, then play it; raises DriveError before anything is sent."""
        blocks = super().apply(drive)
        if isinstance(self.clock, PacedClock):
            self.clock.begin()
        return blocks

    def make_safe(self, *, everything: bool = False) -> SafeState:
        """Run the safe order of a bench here and tell what was read back; raises UsageError for one elsewhere."""
        if self.bench is not None:
            return self.bench.make_safe(everything=everything)
        if self._remote is not None:
            raise UsageError("a bench in another process makes itself safe: close the chip")
        return SafeState(found=("a model: there is nothing to switch off",))

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

    def _repr_html_(self) -> str:
        """Return what a notebook shows; the chip is not touched for it."""
        about, limits = self.about, self.limits
        facts = [
            ("chip", about.chip),
            ("bench", about.bench or "none: the chip's model"),
            ("terminals", ", ".join(self.terminals)),
            ("limits", f"{show(limits.voltage, 'V')}, {show(limits.current, 'A')}"),
            ("SMU channels", "" if about.sources is None else str(about.sources)),
            *((f"instrument {name}", identity) for name, identity in about.identities.items()),
            ("seed", "" if about.seed is None else str(about.seed)),
            ("found on", ", ".join(about.found_on)),
            ("remark", about.remark),
            ("state", self._state()),
        ]
        return card(f"Chip {about.chip}", facts)

    def _state(self) -> str:
        if self.safe_state is not None:
            return str(self.safe_state)
        return "levels are held" if self.holding else ""

    def close(self) -> None:
        """Go to the safe state, then let go of the instruments; Ctrl-C and SIGTERM wait until that is done.

        Raises UnsafeError when it cannot be confirmed.
        """
        with shielded(), self._links:
            super().close()

    def __enter__(self) -> OpenChip:
        return self
