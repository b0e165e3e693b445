"""Which Python made the drives of a protocol: nwlab's own steps and a lab's step files."""

from __future__ import annotations

import hashlib
from pathlib import Path

from nwlab.core.files import parse_toml
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
