"""The command that plays a run again, as far as the record says how it was asked for."""

from __future__ import annotations

import math
import shlex
from typing import Any

from nwlab.core.units import parse, unit_of
from nwlab.report.digest import Digest
from nwlab.report.markup import Markup, element, join, listing
from nwlab.report.settings import parameters


def section(digest: Digest) -> Markup:
    """Return the commands; nothing when the record does not say how the run was asked for."""
    command = again(digest)
    if not command:
        return Markup()
    parts = [element("p", "The same again, in a new folder:"), listing(command)]
    if digest.run.status in ("interrupted", "failed"):
        rest = shlex.join(["nwlab", "run", "--resume", str(digest.run.path.resolve())])
        parts += [element("p", "What is left of it:"), listing(rest)]
    return join(parts)


def again(digest: Digest) -> str:
    """Return the command line that plays the run again; empty when the record does not say enough."""
    info = digest.run.info
    opened = info.opened
    protocol = opened.get("protocol")
    if not isinstance(protocol, str) or not protocol:
        return ""
    words = ["nwlab", "run", protocol]
    for name in ("bench", "chip"):
        if isinstance(opened.get(name), str):
            words += [f"--{name}", opened[name]]
    words += [f"--{name}" for name in ("virtual", "model") if opened.get(name) is True]
    if isinstance(opened.get("seed"), int):
        words += ["--seed", str(opened["seed"])]
    if "faults" in info.documents:
        words += ["--faults", info.documents["faults"].path]
    return shlex.join(words + _settings(digest))


def _settings(digest: Digest) -> list[str]:
    """Return `--set` for each parameter that is not as the protocol's file has it."""
    info, declared = digest.run.info, parameters(digest)
    words: list[str] = []
    for name, value in info.values.items():
        if not _is_same(value, declared.get(name, {}).get("value")):
            words += ["--set", f"{name}={_written(value, str(info.parameters.get(name, '')))}"]
    return words


def _is_same(value: Any, written: Any) -> bool:
    """Whether a value is the one that a file writes."""
    unit = unit_of(written) if isinstance(written, str) else None
    if unit is None or not isinstance(value, int | float):
        return value == written
    return math.isclose(parse(str(written), unit), value, rel_tol=1e-12)


def _written(value: Any, shown: str) -> str:
    """Write a value so that it is read to the last bit: as a person would, where that is exact."""
    unit = unit_of(shown)
    if unit is None or not isinstance(value, int | float):
        return str(value)
    exact = parse(shown, unit) == value
    return shown if exact else f"{value!r} {'' if unit == '1' else unit}".strip()
