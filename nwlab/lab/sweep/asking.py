"""What a person asks of a sweep becomes an order; every mistake that can be seen beforehand is told here."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from nwlab.core.errors import AskedError, UsageError
from nwlab.core.own_code import is_own
from nwlab.core.record import Document
from nwlab.lab.bench_file import BenchFile, load_bench_file
from nwlab.lab.opening import MODEL, REPLAY, SERVED, load_chip
from nwlab.lab.places import find
from nwlab.lab.provenance import fingerprint, named_in, own_steps
from nwlab.lab.running import check_sources, check_twin, load_protocol, twin_order
from nwlab.lab.sweep.axis import OF_CHIP, Axis, Cell, axis_of_chip, axis_of_protocol
from nwlab.lab.sweep.order import CHANCE, SweepOrder, deciding_versions
from nwlab.lab.sweep.point import with_values
from nwlab.lab.virtual import without_virtual
from nwlab.model.chip_file import ChipFile, parse_chip
from nwlab.protocol.protocol import Protocol

LARGEST = 10_000_000
"""Points of a sweep; more is a slip of the finger."""
_GRAPHS = f"{OF_CHIP}network.path"
_TRIED = 50  # values of an axis that are looked at beforehand


def ask(
    protocol: str,
    chips: Sequence[str | Path],
    settings: Mapping[str, Any],
    vary: Sequence[tuple[str, str]],
    *,
    seed: int | None = None,
    seeds: int = 1,
    twin: str | None = None,
    twin_filter: str | None = None,
    bench: str | None = None,
) -> SweepOrder:
    """Return the order for a protocol on chips, by path or name; `vary` are keys and the texts of their values.

    No chips are that of the bench, or of `--model` where there is none. `bench`, by path or name, is the file of one
    whose instruments are simulated: they are always, also those whose addresses are real.

    `seeds` is how often each point of the grid is played, each time with other chance; `seed` None = the first chip's,
    or 0 where that has none. `twin` is the chip, by path or name, whose model follows each point. Raises UsageError or
    FileError for whatever is wrong with any single value.
    """
    loaded = load_protocol(protocol, **settings)
    follower = twin_order(loaded, twin, twin_filter)
    table = None if bench is None else _bench(bench, loaded)
    files = [load_chip(chip) for chip in chips or [MODEL if table is None else table.chip]]
    for file in files:
        check_twin(follower, file.terminals)
    axes = _axes(loaded, vary, settings, files)
    first = files[0].seed
    chips_asked = tuple(_resolved(file.path, file.text) for file in files)
    model = None if follower is None else _resolved(Path(follower.chip), load_chip(follower.chip).text)
    instruments = None if table is None else _resolved(table.path, table.text)
    naming = [each for each in (model, instruments) if each is not None]
    order = SweepOrder(
        protocol=_resolved(find("protocol", protocol), loaded.text),
        steps=tuple(_resolved(Path(each.path), each.text) for each in own_steps(loaded).values()),
        settings={name: loaded.parameters[name].value for name in settings},
        chips=chips_asked,
        axes=axes,
        seed=seed if seed is not None else 0 if first is None else first,
        repetitions=seeds,
        versions=deciding_versions(),
        twin=model,
        twin_filter="" if follower is None else follower.filter,
        beside=_beside(chips_asked, axes, naming),
        bench=instruments,
    )
    _check_numbers(order)
    return order


def _bench(name: str, protocol: Protocol) -> BenchFile:
    """Read a bench file; raises UsageError for a bench that is none of files, or lacks what the protocol needs."""
    if name.startswith((REPLAY, SERVED)):
        raise UsageError(f"a sweep plays on simulated instruments: --bench names a bench file, not {name}")
    file = load_bench_file(find("bench", name))
    if missing := without_virtual(file):
        raise UsageError(
            f"bench {file.name!r} cannot be simulated: {', '.join(missing)} has no virtual instrument; "
            'add virtual = "file.py:Class" to its table, or leave --bench out'
        )
    check_sources(protocol, len(file.smus), file.name)
    return file


def _axes(
    protocol: Protocol, vary: Sequence[tuple[str, str]], settings: Mapping[str, Any], files: Sequence[ChipFile]
) -> tuple[Axis, ...]:
    """Return what varies, each value of it tried out on each chip."""
    axes = tuple(_axis(protocol, key, text) for key, text in vary)
    _check_keys(axes, settings)
    for file in files:
        _try_out(file, protocol, axes)
    return axes


def _axis(protocol: Protocol, key: str, text: str) -> Axis:
    if key in protocol.parameters:
        return axis_of_protocol(protocol.parameters[key], text)
    if key.startswith(OF_CHIP):
        return axis_of_chip(key, text)
    known = ", ".join(protocol.parameters) or "none"
    near = difflib.get_close_matches(key, list(protocol.parameters), n=1)
    raise UsageError(
        f"{protocol.path} has no parameter {key!r}{f' (did you mean {near[0]!r}?)' if near else ''}; it has {known}. "
        f"What stands in the chip's file is varied as {OF_CHIP}KEY, such as {OF_CHIP}start.conductance"
    )


def _check_keys(axes: Sequence[Axis], settings: Mapping[str, Any]) -> None:
    keys = [axis.key for axis in axes]
    for key in keys:
        if keys.count(key) > 1:
            raise UsageError(f"{key} is varied twice: put all its values behind one --vary")
        if key in settings:
            raise UsageError(f"{key} is set and varied at once: leave one of --set and --vary out")


def _try_out(file: ChipFile, protocol: Protocol, axes: Sequence[Axis]) -> None:
    """Read chip and protocol with each value, beside the other axes' first values or else their last ones.

    Nothing is built or played. A value that goes with neither is a mistake; whatever else does not go together is told
    in its point's row.
    """
    first, last = ({axis.key: axis.values[end] for axis in axes} for end in (0, -1))
    for change in [{axis.key: value} for axis in axes for value in _some(axis.values)] or [{}]:
        try:
            _read(file, protocol, axes, first | change)
        except AskedError as error:
            if _can_be_read(file, protocol, axes, last | change):
                continue
            if axes:
                error.add_note(f"that is with --vary {_told(axes, first | change)}")
            raise


def _can_be_read(file: ChipFile, protocol: Protocol, axes: Sequence[Axis], values: Mapping[str, Cell]) -> bool:
    try:
        _read(file, protocol, axes, values)
    except AskedError:
        return False
    return True


def _read(file: ChipFile, protocol: Protocol, axes: Sequence[Axis], values: Mapping[str, Cell]) -> None:
    """Read chip and protocol with a value of each axis; raises UsageError or FileError."""
    of_chip = [(axis.way, axis.in_file(values[axis.key])) for axis in axes if axis.is_of_chip]
    chip = parse_chip(file.text, file.path, of_chip) if of_chip else file
    with_values(protocol, {axis.key: values[axis.key] for axis in axes if not axis.is_of_chip}).bind(chip.terminals)


def _told(axes: Sequence[Axis], values: Mapping[str, Cell]) -> str:
    return ", ".join(f"{axis.key} at {axis.in_file(values[axis.key])}" for axis in axes)


def _some(values: tuple[Cell, ...]) -> tuple[Cell, ...]:
    """All values, or so many from the first to the last that looking at them takes a moment."""
    return (*values[:: 1 + len(values) // _TRIED], values[-1])


def _check_numbers(order: SweepOrder) -> None:
    if order.repetitions < 1:
        raise UsageError(f"--seeds is how often each point is played, at least 1, not {order.repetitions}")
    if order.seed < 0:
        raise UsageError(f"a seed is a whole number of at least 0, not {order.seed}")
    if order.repetitions > 1 and any(axis.key == CHANCE for axis in order.axes):
        raise UsageError(f"{CHANCE} names the seeds, --seeds draws them: leave one of them out")
    if len({chip.path for chip in order.chips}) < len(order.chips):
        raise UsageError("one chip is named twice: --seeds plays each point several times")
    if order.points > LARGEST:
        raise UsageError(f"this makes {order.points:,} points; a sweep has at most {LARGEST:,}")


def _beside(chips: Sequence[Document], axes: Sequence[Axis], others: Sequence[Document]) -> tuple[Document, ...]:
    """Return the files that chips and others name, those included that an axis lets chips name."""
    found = {each.path: each for file in (*chips, *others) for each in named_in(file)}
    names = [str(value) for axis in axes for value in axis.values if axis.key == _GRAPHS]
    named = [value for axis in axes if axis.is_of_chip for value in axis.values if isinstance(value, str)]
    names += [value.partition(":")[0] for value in named if is_own(value)]
    for each in (fingerprint(Path(chip.path).parent / name) for chip in chips for name in names):
        found[each.path] = each
    return tuple(found[path] for path in sorted(found))


def _resolved(path: Path, text: str) -> Document:
    return Document(str(path.resolve()), text)
