"""What beside a file decides what comes of it: nwlab's own steps, a lab's step files, what a chip file names."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from nwlab.core.files import parse_toml
from nwlab.core.own_code import is_own
from nwlab.core.record import Document
from nwlab.protocol import programming, steps
from nwlab.protocol.protocol import Protocol


def own_steps(protocol: Protocol) -> dict[str, Document]:
    """Return the lab's step files that a protocol uses, as they are now."""
    names = parse_toml(protocol.text, protocol.path).texts("use", ())
    paths = [(protocol.path.parent / name).resolve() for name in names]
    return {f"steps_{path.stem}": Document(str(path), path.read_text("utf-8")) for path in paths}


def steps_version() -> str:
    """Return what tells nwlab's present steps from earlier and later ones."""
    sources = (Path(module.__file__ or "").read_bytes() for module in (steps, programming))
    return hashlib.sha256(b"".join(sources)).hexdigest()[:16]


def named_in(file: Document) -> tuple[Document, ...]:
    """Return the files that one of a chip or bench names, graphs and own Python, with digests in place of texts."""
    names = sorted(set(_named(parse_toml(file.text, file.path).plain())))
    return tuple(fingerprint(Path(file.path).parent / name) for name in names)


def fingerprint(path: Path) -> Document:
    """Return a file with a digest in place of its text; an empty one where it cannot be read."""
    try:
        return Document(str(path.absolute()), hashlib.sha256(path.read_bytes()).hexdigest())
    except OSError:
        return Document(str(path.absolute()), "")


def _named(content: Mapping[str, Any], key: str = "") -> Iterator[str]:
    """Yield the file names in a file: the path of a network, and classes of a lab's own."""
    for inner, value in content.items():
        if isinstance(value, Mapping):
            yield from _named(value, inner)  # type: ignore[reportUnknownArgumentType]
        elif isinstance(value, str) and is_own(value):
            yield value.partition(":")[0]
        elif isinstance(value, str) and (key, inner) == ("network", "path"):
            yield value
