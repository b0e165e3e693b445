"""`nwlab run --resume RUN`: everything that has to be the same as then, and the rest of a run that ended early."""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from nwlab.core.errors import FileError, UsageError
from nwlab.core.record import Document, RunInfo
from nwlab.lab.bench_file import load_bench_file
from nwlab.lab.bench_table import is_virtual
from nwlab.lab.open_chip import OpenChip
from nwlab.lab.opening import MODEL, REPLAY, load_chip
from nwlab.lab.places import find
from nwlab.lab.provenance import own_steps, steps_version
from nwlab.lab.running import Rest, load_protocol
from nwlab.runs.continuation import Continuation
from nwlab.runs.recording import load_run

ANEW = "the simulated chip began anew"
"""Remark of a record whose chip does not remember what was done to it before the gap."""
_ORDER = ("bench", "virtual", "model", "chip", "seed", "speed")
_TWIN = ("twin", "twin_filter")


class Resumption:
    """A run that ended early, the protocol fed with what is on record of it, and how its chip was opened.

    Raises UsageError or FileError for anything that is not as it was, before an instrument is touched.
    """

    def __init__(self, options: argparse.Namespace) -> None:
        if options.set:
            raise UsageError("--resume takes the parameters from the record; leave --set out")
        self._old = load_run(options.resume)
        info = self._old.info
        if (place := str(info.opened.get("bench"))).startswith(REPLAY):
            raise UsageError(f"{self._old.path} is a replay, which ends where its record does: play it anew ({place})")
        self.options = _order(options, info)
        continuation = Continuation(self._old, ANEW if is_simulated(self.options) else "")
        self.protocol = load_protocol(_protocol(options.protocol, info), **(info.values or info.parameters))
        _same_documents(info, {"protocol": Document(str(self.protocol.path), self.protocol.text)})
        _same_documents(info, own_steps(self.protocol))
        _same_documents(info, _documents(self.options))
        if info.versions.get("nwlab steps") != steps_version():
            raise UsageError(f"{self._old.path} was played with other steps: nwlab itself has changed since then")
        bound = self.protocol.bind(self._old.terminals)
        self.rest = Rest(bound, continuation.feed(bound.drives()), continuation)

    def check(self, chip: OpenChip) -> None:
        """See that the chip and the instruments that were opened are those of the record."""
        _same_documents(self._old.info, chip.about.documents)
        if chip.about.bench != self._old.info.bench:
            raise UsageError(f"{self._old.path} was played on the bench {self._old.info.bench!r}")
        if chip.terminals != self._old.terminals:
            raise UsageError(
                f"{self._old.path} has the terminals {', '.join(self._old.terminals)}, but this chip has "
                f"{', '.join(chip.terminals)}"
            )
        before, now = self._old.info.identities, chip.about.identities
        for name in {**before, **now}:
            if before.get(name) != now.get(name):
                raise UsageError(
                    f"{self._old.path} was measured with {before.get(name, 'nothing')!r} as {name}, but now there is "
                    f"{now.get(name, 'nothing')!r}; nothing was changed on it"
                )


def _order(options: argparse.Namespace, info: RunInfo) -> argparse.Namespace:
    """Return how to open the chip: as the command line says, or, when it says nothing, as for the first part.

    The twin stays what it was unless the command line names another one.
    """
    asked, then = vars(options), dict(info.opened)
    if not any(asked[name] for name in ("bench", "virtual", "model", "chip")):
        if not then:
            raise UsageError("the record does not say how the chip was opened: add --bench FILE or --model, as then")
        return _as_then(asked, then, (*_ORDER, *_TWIN))
    for name in ("virtual", "model"):
        if then and bool(then.get(name)) != bool(asked[name]):
            raise UsageError(f"the run was started {'with' if then.get(name) else 'without'} --{name}")
    return _as_then(asked, then, _TWIN)


def _as_then(asked: Mapping[str, Any], then: Mapping[str, Any], names: Iterable[str]) -> argparse.Namespace:
    """Return the options with those of `names` that the command line does not say as for the first part."""
    unsaid = {name: then.get(name) for name in names if asked[name] is None or asked[name] is False}
    if asked["twin"] is not None:
        unsaid.pop("twin_filter", None)  # which was that of another twin
    return argparse.Namespace(**{**asked, **unsaid})


def is_simulated(options: argparse.Namespace) -> bool:
    """Whether options mean a model, a replay, or a bench of which every instrument is simulated."""
    if options.model or options.virtual:
        return True
    bench = str(options.bench or "virtual")
    if bench.startswith(REPLAY):
        return True  # nothing is left on
    return not bench.startswith("tcp://") and is_virtual(load_bench_file(find("bench", bench)))


def _protocol(given: str | None, info: RunInfo) -> str:
    document = info.documents.get("protocol")
    path = given or info.opened.get("protocol") or (document and document.path)
    if not path:
        raise UsageError("the record does not say which protocol was played: name the PROTOCOL")
    return str(path)


def _documents(options: argparse.Namespace) -> dict[str, Document]:
    """Return the files that opening the chip will read, without opening it."""
    if options.model:
        chip = load_chip(options.chip or MODEL)
        return {"chip": Document(str(chip.path), chip.text)}
    bench = str(options.bench or "virtual")
    if bench.startswith("tcp://"):
        return {}
    file = load_bench_file(find("bench", bench))
    chip = load_chip(options.chip or file.chip)
    return {"bench": Document(str(file.path), file.text), "chip": Document(str(chip.path), chip.text)}


def _same_documents(info: RunInfo, now: Mapping[str, Document]) -> None:
    for name, document in now.items():
        then = info.documents.get(name)
        if then is None:
            raise UsageError(f"the run was played without a {name} file such as {document.path}")
        if then.text != document.text:
            raise FileError(
                f"has changed since the run was played ({_first_change(then.text, document.text)}); restore it, or "
                "start a new run",
                Path(document.path),
            )


def _first_change(then: str, now: str) -> str:
    old, new = then.splitlines(), now.splitlines()
    same = next((index for index, pair in enumerate(zip(old, new, strict=False)) if pair[0] != pair[1]), -1)
    line = min(len(old), len(new)) if same < 0 else same
    return f"first in line {line + 1}"
