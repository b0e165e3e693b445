"""Protocol files: what is done to a chip, without a word about which chip."""

from __future__ import annotations

import importlib.util
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nwlab.core import own_code
from nwlab.core.drive import Drive
from nwlab.core.errors import DriveError, UsageError
from nwlab.core.events import Outline
from nwlab.core.files import Table, parse_toml, read_toml
from nwlab.protocol.binding import StepFunction, bind
from nwlab.protocol.kinds import Play
from nwlab.protocol.parameters import Parameter, read_parameters

SHIPPED = "nwlab.protocol.steps"
"""Module of the shipped steps that do not look at what they read."""
LOOPS = "nwlab.protocol.programming"
"""Module of the shipped steps that do."""


@dataclass(frozen=True)
class Protocol:
    """A protocol file, read and checked as far as that goes without a chip."""

    name: str
    about: str
    path: Path
    text: str
    sources: int  # how many terminals it forces at once
    parameters: Mapping[str, Parameter]
    functions: Mapping[str, StepFunction] = field(repr=False)
    twin: bool = False  # whether its steps ask a twin
    on_compliance: str = "hold"  # or "stop": what a run does when a source reaches its compliance

    def bind(self, terminals: tuple[str, ...]) -> BoundProtocol:
        """Bind every step to its signature and to a chip's terminals; raises FileError."""
        table = parse_toml(self.text, self.path)
        steps = table.tables("step")
        return BoundProtocol(self, tuple(self._bind(index, step, terminals) for index, step in enumerate(steps)))

    def _bind(self, index: int, step: Table, terminals: tuple[str, ...]) -> BoundStep:
        name = step.choice("do", self.functions)
        label = f"{index + 1} {step.text('label', name)}"
        function = self.functions[name]
        own = function.__module__ not in (SHIPPED, LOOPS)
        return BoundStep(label, bind(function, step, self.parameters, terminals), own, function.__module__ != SHIPPED)


@dataclass(frozen=True, slots=True)
class BoundStep:
    """One step with its arguments."""

    label: str
    play: Callable[[], Play]
    own: bool  # whether a lab wrote it
    decides: bool  # whether what it does may depend on what it reads

    def drives(self) -> Play:
        """Play the step; a drive that cannot even be made is told with the step's name."""
        try:
            yield from self.play()
        except DriveError as error:
            raise DriveError(f"step {self.label}: {error}") from error
        except (ValueError, OverflowError, MemoryError) as error:
            if self.own:
                raise
            raise DriveError(
                f"step {self.label}: no drive can be made of these values ({error or type(error).__name__}); look for "
                "a negative or an enormous number"
            ) from error


class BoundProtocol:
    """A protocol ready for chips with certain terminals."""

    def __init__(self, protocol: Protocol, steps: tuple[BoundStep, ...]) -> None:
        self.protocol = protocol
        self._steps = steps
        self._label = ""

    def drives(self) -> Play:
        """Yield the drives of all steps in order; send each drive's joined reading."""
        for step in self._steps:
            self._label = step.label
            yield from step.drives()

    def outline(self) -> Outline:
        """Return how long it will be; nothing is known of that when a step decides as it goes."""
        if any(step.decides for step in self._steps):
            return Outline()
        drives = [drive for drive in self.drives() if isinstance(drive, Drive)]
        sizes = [(drive.steps, drive.duration, 1, drive.steps * len(drive.forces)) for drive in drives]
        self._label = ""
        return Outline(*(sum(column) for column in zip(*sizes, strict=True))) if sizes else Outline(0, 0.0, 0, 0)

    def label(self) -> str:
        """Return the number and name of the step that is playing."""
        return self._label

    def place(self) -> str:
        """Return where the step that is playing stands, as "file:line: key"; empty before the first one."""
        if not self._label:
            return ""
        steps = parse_toml(self.protocol.text, self.protocol.path).tables("step")
        number = next(index for index, step in enumerate(self._steps) if step.label == self._label)
        return str(steps[number].error("")).removesuffix(": ")


def load_protocol(path: str | Path, /, **parameters: Any) -> Protocol:
    """Read a protocol file; keyword arguments set parameters, as texts with units or SI numbers.

    Raises FileError, or UsageError for a parameter that does not exist or is out of bounds.
    """
    table = read_toml(path)
    about = table.text("about", "")
    name = table.text("name")
    needs = table.table("needs")
    sources, twin = needs.integer("sources", 1), needs.boolean("twin", False)
    needs.finish()
    on_compliance = table.choice("on_compliance", ("hold", "stop"), "hold")
    functions = {**_functions_of(SHIPPED), **_functions_of(LOOPS), **_own_functions(table)}
    read = _set(read_parameters(table.table("parameters")), parameters, table.path)
    if not table.tables("step"):
        raise table.error("a protocol needs at least one [[step]]")
    table.finish()
    text = table.path.read_text("utf-8")
    return Protocol(name, about, table.path, text, sources, read, functions, twin, on_compliance)


def _set(known: dict[str, Parameter], given: Mapping[str, Any], path: Path) -> dict[str, Parameter]:
    for name, value in given.items():
        if name not in known:
            raise UsageError(f"{path} has no parameter {name!r}; it has {', '.join(known) or 'none'}")
        known[name] = known[name].given(value)
    return known


def _own_functions(table: Table) -> dict[str, StepFunction]:
    found: dict[str, StepFunction] = {}
    for name in table.texts("use", ()):
        found |= _functions_in(table, (table.path.parent / name).resolve())
    return found


def _functions_in(table: Table, path: Path) -> dict[str, StepFunction]:
    spec = importlib.util.spec_from_file_location(f"nwlab_steps_{path.stem}", path)
    if not path.is_file() or spec is None or spec.loader is None:
        raise table.error(f"there is no step file {path}", "use")
    module = importlib.util.module_from_spec(spec)
    own_code.run(spec.loader.exec_module, module, path)
    return _steps(module)


def _functions_of(module: str) -> dict[str, StepFunction]:
    return _steps(importlib.import_module(module))


def _steps(module: Any) -> dict[str, StepFunction]:
    return {
        name.rstrip("_"): function
        for name, function in vars(module).items()
        if inspect.isgeneratorfunction(function) and not name.startswith("_") and function.__module__ == module.__name__
    }
