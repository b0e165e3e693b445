"""Where files are found: as written, then by bare name in the current folder, then among those shipped."""

from __future__ import annotations

from pathlib import Path

from nwlab.core.errors import UsageError

FOLDERS = {
    "bench": "instruments/benches",
    "chip": "instruments/chips",
    "fault script": "instruments/faults",
    "protocol": "protocols",
}


def shipped() -> Path:
    """Return the folder that holds the shipped `instruments` and `protocols`."""
    package = Path(__file__).resolve().parent.parent
    data = package / "data"
    return data if data.is_dir() else package.parent


def find(kind: str, name: str | Path) -> Path:
    """Return the file that `name` means for a kind ("bench", "chip", "fault script", "protocol").

    Raises UsageError listing what there is.
    """
    if Path(name).is_file():
        return Path(name)
    for folder in _folders(kind):
        path = folder / f"{name}.toml"
        if path.is_file():
            return path
    known = ", ".join(sorted(known_files(kind))) or "none"
    raise UsageError(f"there is no {kind} {str(name)!r}; write a path to a file, or one of: {known}")


def known_files(kind: str) -> dict[str, Path]:
    """Map the bare names of a kind to their files; the current folder's come before those shipped."""
    found: dict[str, Path] = {}
    for folder in _folders(kind):
        for path in sorted(folder.glob("*.toml")):
            found.setdefault(path.stem, path)
    return found


def _folders(kind: str) -> tuple[Path, Path]:
    return Path(FOLDERS[kind]), shipped() / FOLDERS[kind]
