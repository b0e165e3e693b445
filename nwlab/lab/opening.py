"""Files become chips: a bench through real or simulated instruments, here or in a process of its own, or a model."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nwlab.core.clock import PacedClock, VirtualClock
from nwlab.core.errors import UsageError
from nwlab.core.record import Document
from nwlab.lab.bench_file import load_bench_file
from nwlab.lab.bench_table import BenchOrder, Table, checked_speed
from nwlab.lab.open_chip import About, OpenChip
from nwlab.lab.places import find
from nwlab.lab.virtual import without_virtual
from nwlab.model import chip_file
from nwlab.model.chip_file import ChipFile
from nwlab.model.model_chip import ModelChip

MODEL = "stochastic-2025"
"""The chip whose model is played when none is named."""
REPLAY = "replay:"
"""What a bench begins with that is a run on record."""
SERVED = "tcp://"
"""What one begins with that another program holds."""
_WATCHED = 0.1  # s, real, after which whoever watches a model that is held back sees more of it


def load_chip(chip: str | Path = MODEL) -> ChipFile:
    """Read a chip file, by path or by name; `film()` of it is the chip's matter, for analysis without the seam.

    Raises FileError for a faulty file, UsageError when there is none.
    """
    return chip_file.load_chip(find("chip", chip))


def open_model(chip: str | Path = MODEL, *, seed: int | None = None, speed: float | None = None) -> OpenChip:
    """Open a chip file's model as a Chip, without instruments.

    `speed` holds it back to so many times real time; without it hours pass at once. Raises FileError for a faulty file,
    UsageError when there is none, or for a speed that is none.
    """
    file = load_chip(chip)
    film, clock = file.film(seed), VirtualClock() if speed is None else PacedClock(checked_speed(speed))
    span = np.inf if speed is None else _WATCHED * speed
    model = ModelChip(film, file.terminals, file.limits, clock, span=span)
    return OpenChip(
        model, About(file.name, seed=_seed(file, seed), documents={"chip": Document(str(file.path), file.text)})
    )


def open_bench(
    bench: str | Path = "virtual",
    *,
    virtual: bool = False,
    chip: str | Path | None = None,
    seed: int | None = None,
    separate: bool | None = None,
    faults: str | Path | None = None,
    speed: float | None = None,
) -> OpenChip:
    """Open a bench file as a Chip; `virtual` simulates every instrument, `chip` mounts another chip on a virtual bench.

    Real instruments are held by a process of their own, which makes them safe when this one dies or hangs; `separate`
    asks for that or against it, whatever the file says. `tcp://host:port` is a bench that `nwlab serve-bench` serves,
    `replay:RUN` a run on record, which answers what was asked then. `faults` is a fault script, by path or by name, for
    the simulated instruments; `speed` holds a replay, or a bench that is all simulated, back to so many times real
    time. Nothing is changed on the instruments by opening. Raises FileError, UsageError, or WireError when an
    instrument does not answer as the file says.
    """
    if str(bench).startswith(REPLAY):
        from nwlab.lab.replaying import open_replay

        given = {"--virtual": virtual, "--separate": separate, "--chip": chip, "--seed": seed, "--faults": faults}
        unwanted = [name for name, value in given.items() if value is not None and value is not False]
        return open_replay(str(bench).removeprefix(REPLAY), speed, unwanted)
    if str(bench).startswith(SERVED):
        from nwlab.lab.served_bench import connect

        if speed is not None:
            raise UsageError(f"{bench} keeps its own time: leave --speed out")
        return connect(str(bench))
    order = BenchOrder(str(find("bench", bench)), virtual, _text(chip), seed, _text(faults), speed)
    if not order.is_apart(separate):
        return Table(order).open()
    from nwlab.lab.apart import open_apart

    return open_apart(order)


def _text(place: str | Path | None) -> str | None:
    return None if place is None else str(place)


def open_rehearsal(
    bench: str | Path = "virtual", *, chip: str | Path | None = None, seed: int | None = None
) -> OpenChip:
    """Open the virtual twin of a bench, or, when a driver has no virtual instrument, the model under its limits.

    A replay is its own rehearsal.
    """
    if str(bench).startswith(REPLAY):
        return open_bench(bench, chip=chip, seed=seed)
    file = load_bench_file(find("bench", bench))
    missing = without_virtual(file)
    if not missing:
        return open_bench(bench, virtual=True, chip=chip, seed=seed, separate=False)
    mounted = load_chip(file.chip if chip is None else chip)
    limits = mounted.limits if file.limits is None else mounted.limits.lower(file.limits)
    model = ModelChip(mounted.film(seed), mounted.terminals, limits, VirtualClock())
    remark = f"{', '.join(missing)} has no virtual instrument: played on the chip's model under the bench's limits"
    documents = {"bench": Document(str(file.path), file.text), "chip": Document(str(mounted.path), mounted.text)}
    return OpenChip(model, About(mounted.name, file.name, _seed(mounted, seed), documents, remark=remark))


def _seed(file: ChipFile, seed: int | None) -> int | None:
    return file.seed if seed is None else seed
