"""Playing a protocol file on an open chip, with a record, pictures and everything that belongs to it."""

from __future__ import annotations

import platform
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nwlab import __version__
from nwlab.core.chip import Chip
from nwlab.core.errors import DriveError, UsageError
from nwlab.core.events import Subscriber
from nwlab.core.record import Document, RunInfo
from nwlab.lab.leads import leads_of
from nwlab.lab.news import News
from nwlab.lab.open_chip import About, OpenChip
from nwlab.lab.opening import load_chip
from nwlab.lab.places import find
from nwlab.lab.provenance import own_steps, steps_version
from nwlab.lab.run_view import Run
from nwlab.protocol import protocol as protocols
from nwlab.protocol.protocol import BoundProtocol, Protocol
from nwlab.runs.compliance import STOP, StoppingChip
from nwlab.runs.continuation import Continuation
from nwlab.runs.player import Drives
from nwlab.runs.requests import Requests
from nwlab.runs.runner import record_run
from nwlab.runs.store import new_folder

if TYPE_CHECKING:
    from nwlab.lab.twin_link import TwinLink
    from nwlab.twin.order import TwinOrder

PACKAGES = ("numpy", "scipy", "numba", "pyvisa", "pyvisa-py", "pymeasure")


def load_protocol(protocol: str | Path, /, **parameters: Any) -> Protocol:
    """Read a protocol by path or name; keyword arguments set its parameters, as texts with units or SI numbers.

    Raises FileError for a faulty file, UsageError for a parameter that does not exist or is out of bounds.
    """
    return protocols.load_protocol(find("protocol", protocol), **parameters)


def run(
    protocol: Protocol | str | Path,
    chip: Chip,
    *,
    out: str | Path = "runs",
    subscribers: Sequence[Subscriber] = (),
    requests: Requests | None = None,
    twin: str | Path | None = None,
) -> Run:
    """Play a protocol on a chip and keep everything in a new folder below `out`.

    `requests` lets another thread stop it. `twin` is the chip file of a model that follows, expects and warns, and that
    the protocol may ask. The chip stays open and at rest. Raises what the protocol, the chip or the disk raise, after
    the record was closed.
    """
    loaded = protocol if isinstance(protocol, Protocol) else load_protocol(protocol)
    order = suited(twin_order(loaded, twin), chip)
    playing = Playing(loaded, chip, out)
    with twin_beside(playing.folder, order) as link:
        return playing.play(subscribers, twin=link, requests=requests)


NO_TWIN = "none"
"""Named in place of a chip file: no twin, also where a run that is continued had one."""


def twin_order(protocol: Protocol, chip: str | Path | None, filter_: str | None = None) -> TwinOrder | None:
    """Return how to start the twin of a chip file, by path or name; None without one.

    `filter_` None = the one that fits the chip. Nothing is started or touched. Raises FileError, and UsageError for a
    chip that no twin can follow, or where a protocol asks a twin and there is none.
    """
    if chip is None or chip == NO_TWIN:
        if filter_ is not None:
            raise UsageError(
                f"--twin-filter {filter_} says how a twin is corrected, but there is none: add --twin CHIP, or leave "
                "it out; nothing was touched"
            )
        if protocol.twin:
            raise UsageError(
                f"protocol {protocol.name!r} asks a twin what to expect: add --twin CHIP, the chip file of a model of "
                "this chip (`nwlab fit` makes one; in Python: twin=...); nothing was touched"
            )
        return None
    from nwlab.twin.order import TwinOrder

    path = str(find("chip", chip).resolve())
    order = TwinOrder(path) if filter_ is None else TwinOrder(path, filter_)
    order.companion()  # which refuses what is no twin
    return order


def check_twin(order: TwinOrder | None, terminals: tuple[str, ...]) -> None:
    """See that a twin is one of a chip, as far as its terminals tell: it knows them by their places.

    Nothing is started or driven. Raises UsageError for other terminals, and for the same ones in another order.
    """
    if order is None:
        return
    own = load_chip(order.chip).terminals
    if own != tuple(terminals):
        raise UsageError(
            f"the twin's chip file {order.chip} has the terminals {', '.join(own)}, but this chip has "
            f"{', '.join(terminals)}: a twin needs the same ones in the same order; name the file of this very "
            "chip with --twin (in Python: twin=...); nothing was driven"
        )


def suited(order: TwinOrder | None, chip: Chip) -> TwinOrder | None:
    """Return the order for a twin of this chip, which knows what lies before its terminals; raises as `check_twin`."""
    check_twin(order, chip.terminals)
    if order is None:
        return None
    leads = leads_of(chip)
    return replace(order, leads=leads.terminals, return_lead=leads.common)


@contextmanager
def twin_beside(
    folder: Path, order: TwinOrder | None, *, closes: bool = False, awaited: bool = True, replays: bool = False
) -> Generator[TwinLink | None]:
    """Have a twin beside the run in `folder`, ready before its first drive; see `TwinLink` for the end.

    Raises UsageError if it does not start; the folder does not stay behind then, unless something is in it.
    """
    if order is None:
        yield None
        return
    from nwlab.lab.apart import environment
    from nwlab.lab.twin_link import TwinLink

    try:
        link = TwinLink(order, folder, environment(), closes=closes, awaited=awaited, replays=replays)
    except BaseException:
        with suppress(OSError):
            folder.rmdir()
        raise
    try:
        yield link
    finally:
        link.close()


@dataclass(frozen=True)
class Rest:
    """What is left of a run that ended early."""

    bound: BoundProtocol
    drives: Drives
    after: Continuation


class Playing:
    """A protocol checked against a chip, with the folder that its record goes to."""

    def __init__(
        self,
        protocol: Protocol,
        chip: Chip,
        out: str | Path,
        suffix: str = "",
        *,
        opened: Mapping[str, Any] | None = None,
        rest: Rest | None = None,
    ) -> None:
        """Bind and check, sending nothing; raises FileError, UsageError, DriveError or StorageError.

        `opened` goes into the record: how the chip was asked for. With `rest` only that is played.
        """
        self._bound = protocol.bind(chip.terminals) if rest is None else rest.bound
        self._drives = self._bound.drives() if rest is None else rest.drives
        self._after = None if rest is None else rest.after
        _check_sources(protocol, chip)
        with _told_where(self._bound):
            self._outline = self._bound.outline()
        self._chip, self._stops, self._asks = chip, protocol.on_compliance == STOP, protocol.twin
        self._info = replace(information(protocol, chip, suffix), opened=opened or {})
        self.folder = new_folder(out, protocol.name + suffix)
        if isinstance(chip, OpenChip):
            chip.log_to(self.folder / "bench.log")

    @property
    def place(self) -> str:
        """The step that is playing, and where that stands."""
        return _place(self._bound)

    def play(
        self,
        subscribers: Sequence[Subscriber] = (),
        *,
        twin: TwinLink | None = None,
        close: bool = False,
        requests: Requests | None = None,
        idle: Callable[[], None] | None = None,
    ) -> Run:
        """Play it; raises whatever ended it, after the record was closed.

        `twin` listens, and answers what the protocol asks. `idle` is called several times a second while the run pauses
        or waits for such an answer, in place of what the chip wants then. With `close` the chip is closed before the
        end is recorded, so that a safe state that could not be confirmed stands in it.
        """
        with _told_where(self._bound):
            return record_run(
                self._drives,
                StoppingChip(self._chip) if self._stops else self._chip,
                self.folder,
                self._info,
                subscribers=subscribers,
                listeners=() if twin is None else (twin,),
                oracle=twin if self._asks else None,
                label=self._bound.label,
                outline=self._outline,
                close=close,
                requests=requests,
                idle=idle or (self._chip.idle if isinstance(self._chip, OpenChip) else None),
                after=self._after,
                telling=News(self._chip) if isinstance(self._chip, OpenChip) else None,
            ).seen_as(Run)


@contextmanager
def _told_where(bound: BoundProtocol) -> Generator[None]:
    """Have a refusal say which step was refused, and where that stands."""
    try:
        yield
    except DriveError as error:
        error.add_note(f"it was refused in {_place(bound)}")
        raise


def _place(bound: BoundProtocol) -> str:
    return f"step {bound.label()} ({bound.place()})"


def information(protocol: Protocol, chip: Chip, suffix: str = "") -> RunInfo:
    """Return what the record of a run says about how it came about."""
    about = chip.about if isinstance(chip, OpenChip) else About()
    return RunInfo(
        name=protocol.name + suffix,
        documents={
            "protocol": Document(str(protocol.path), protocol.text),
            **own_steps(protocol),
            **about.documents,
        },
        parameters={name: parameter.shown() for name, parameter in protocol.parameters.items()},
        identities=about.identities,
        versions=versions(),
        seed=about.seed,
        bench=about.bench,
        chip=about.chip,
        values={name: parameter.value for name, parameter in protocol.parameters.items()},
    )


def versions() -> dict[str, str]:
    """Return the versions of nwlab, of its steps, and of what it stands on."""
    packages = {name: metadata.version(name) for name in PACKAGES}
    return {"nwlab": __version__, "nwlab steps": steps_version(), "python": platform.python_version(), **packages}


def check_sources(protocol: Protocol, sources: int, bench: str) -> None:
    """See that a bench has as many SMU channels as a protocol needs; raises DriveError."""
    if protocol.sources > sources:
        raise DriveError(
            f"protocol {protocol.name!r} needs {protocol.sources} SMU channels, but bench {bench!r} has {sources}"
        )


def _check_sources(protocol: Protocol, chip: Chip) -> None:
    about = chip.about if isinstance(chip, OpenChip) else About()
    if about.sources is not None:
        check_sources(protocol, about.sources, about.bench)
    if len(chip.terminals) < protocol.sources:
        raise UsageError(f"protocol {protocol.name!r} forces {protocol.sources} terminals, the chip has fewer")
