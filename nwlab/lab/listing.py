"""What there is to choose from, told without importing anything heavy."""

from __future__ import annotations

import ast
from pathlib import Path

from nwlab.core.errors import FileError
from nwlab.core.files import read_toml
from nwlab.lab.places import known_files
from nwlab.lab.registry import known
from nwlab.model.laws import LAWS


def listing(kind: str) -> list[dict[str, str]]:
    """Return name and description of everything of a kind, as `nwlab list` names it: "protocols", "chips", …"""
    if kind == "drivers":
        return [{"name": name, "about": place} for name, place in sorted(known("driver").items())]
    if kind == "laws":
        return [{"name": name, "about": about} for name, about in LAWS.items()]
    if kind == "steps":
        room = Path(__file__).parent.parent / "protocol"
        return [*_steps(room / "steps.py"), *_steps(room / "programming.py")]
    singular = {"protocols": "protocol", "benches": "bench", "chips": "chip"}[kind]
    return [_file(name, path) for name, path in sorted(known_files(singular).items())]


def _file(name: str, path: Path) -> dict[str, str]:
    try:
        about = read_toml(path).text("about", "")
    except FileError as error:
        about = f"cannot be used: {error}"
    return {"name": name, "about": about, "path": str(path)}


def _steps(path: Path) -> list[dict[str, str]]:
    """Read names and first docstring lines from the source: importing it would import NumPy."""
    functions = [node for node in ast.parse(path.read_text("utf-8")).body if isinstance(node, ast.FunctionDef)]
    return [
        {
            "name": function.name.rstrip("_"),
            "about": (ast.get_docstring(function) or "").partition("\n")[0],
            "arguments": ", ".join(argument.arg for argument in function.args.args),
        }
        for function in functions
        if not function.name.startswith("_")
    ]
