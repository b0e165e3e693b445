"""A run while it is made up: what has been chosen and typed, what is wrong with it, and the order that it makes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from nwlab.core.errors import FileError
from nwlab.core.units import example, show
from nwlab.live.start.catalogue import BenchFacts, Catalogue, ChipFacts, Entry, ProtocolFacts
from nwlab.live.start.order import OUT, Order
from nwlab.protocol.parameters import TERMINAL, TEXT, Parameter


@dataclass(frozen=True, slots=True)
class Choices:
    """What has been chosen and typed, as it stands there."""

    protocol: Entry
    bench: Entry
    chip: Entry | None = None  # None = the one that the bench file mounts
    twin: Entry | None = None  # chip file of the model that follows the run; None = no twin
    virtual: bool = False
    model: bool = False
    texts: Mapping[str, str] = field(default_factory=dict[str, str])  # of parameters, by name
    seed: str = ""
    faults: Entry | None = None
    speed: float | None = None  # times real time; None = simulated instruments never wait
    out: str = OUT


class Draft:
    """Choices beside the files that they speak of."""

    def __init__(self, choices: Choices, catalogue: Catalogue) -> None:
        """Read the files; one that cannot be used is told in `file_faults`."""
        self.choices = choices
        self.file_faults: dict[str, str] = {}  # by "protocol", "bench", "chip", "twin"
        self.protocol: ProtocolFacts | None = None
        self.bench: BenchFacts | None = None
        self.chip: ChipFacts | None = None
        try:
            self.protocol = catalogue.read_protocol(choices.protocol.path)
        except FileError as error:
            self.file_faults["protocol"] = str(error)
        try:
            self.bench = None if choices.model else catalogue.read_bench(choices.bench.path)
        except FileError as error:
            self.file_faults["bench"] = str(error)
        mounted = self._mounted(catalogue)
        try:
            self.chip = None if mounted is None else catalogue.read_chip(mounted)
        except FileError as error:
            self.file_faults["chip"] = str(error)
        twin_fault = self._twin_fault(catalogue)
        if twin_fault:
            self.file_faults["twin"] = twin_fault

    @property
    def simulated(self) -> bool:
        """Whether no real instrument is driven; one that cannot be read counts as real."""
        return self.choices.model or self.choices.virtual or (self.bench is not None and self.bench.simulated)

    @property
    def takes_virtual(self) -> bool:
        """Whether it makes a difference to have every instrument simulated."""
        return self.bench is not None and not self.bench.simulated

    @property
    def takes_faults(self) -> bool:
        """Whether there is a simulated instrument that faults can strike."""
        return self.bench is not None and (self.choices.virtual or self.bench.has_simulated)

    @property
    def takes_speed(self) -> bool:
        """Whether all instruments are simulated, so that time is theirs."""
        return self.bench is not None and self.simulated

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The protocol's parameters by name; none of a file that cannot be used."""
        return {} if self.protocol is None else self.protocol.parameters

    @property
    def terminals(self) -> tuple[str, ...]:
        """Names of the terminals of the chip that will be driven."""
        return () if self.chip is None else self.chip.terminals

    @property
    def files(self) -> tuple[Path, ...]:
        """Files that decide about what is done."""
        found = [] if self.protocol is None else [*self.protocol.files]
        found += [] if self.bench is None else [self.bench.path]
        found += [] if self.chip is None else [self.chip.path]
        return (*found, *([] if self.choices.twin is None else [self.choices.twin.path]))

    def text(self, name: str) -> str:
        """Return what stands in the field of a parameter: what was typed, else the default."""
        return self.choices.texts.get(name, self.parameters[name].shown())

    def faults(self) -> dict[str, str]:
        """Return what is wrong with each parameter of which something is, in words."""
        found = {name: self._fault(each, self.text(name)) for name, each in self.parameters.items()}
        return {name: fault for name, fault in found.items() if fault}

    def option_faults(self) -> dict[str, str]:
        """Return what is wrong with "seed" and "out", likewise."""
        seed, found = self.choices.seed.strip(), dict[str, str]()
        if seed and not (seed.isascii() and seed.isdecimal() and len(seed) < 19):
            found["seed"] = f"{seed!r} is not a whole number of at least 0"
        if not self.choices.out.strip():
            found["out"] = "needs the name of a folder"
        elif Path(self.choices.out).exists() and not Path(self.choices.out).is_dir():
            found["out"] = f"{self.choices.out} is a file, not a folder"
        return found

    def complaint(self) -> str:
        """Return the first thing that is wrong, with its name; empty when an order can be made."""
        for faults in (self.file_faults, self.faults(), self.option_faults()):
            for name, fault in faults.items():
                return fault if faults is self.file_faults else f"{name}: {fault}"
        return ""

    def order(self) -> Order:
        """Return the order; what is wrong with it, `complaint` tells."""
        choices = self.choices
        changed = tuple((name, self.text(name)) for name in self.parameters if self._is_changed(name))
        seed = choices.seed.strip()
        return Order(
            protocol=choices.protocol.name,
            bench=choices.bench.name,
            virtual=choices.virtual and self.takes_virtual,
            model=choices.model,
            chip=None if choices.chip is None or not self.simulated else choices.chip.name,
            twin=None if choices.twin is None else choices.twin.name,
            settings=changed,
            seed=int(seed) if seed and "seed" not in self.option_faults() else None,
            faults=None if choices.faults is None or not self.takes_faults else choices.faults.name,
            speed=choices.speed if self.takes_speed else None,
            out=choices.out.strip() or OUT,
        )

    def _mounted(self, catalogue: Catalogue) -> Path | None:
        if self.choices.chip is not None and self.simulated:
            return self.choices.chip.path
        if self.choices.model:
            return next((chip.path for chip in catalogue.chips if chip.name == catalogue.model), None)
        return None if self.bench is None else self.bench.chip

    def _twin_fault(self, catalogue: Catalogue) -> str:
        twin = self.choices.twin
        if twin is None:
            asks = self.protocol is not None and self.protocol.asks_twin
            return "this protocol asks a twin: choose the model of this chip" if asks else ""
        try:
            terminals = catalogue.read_chip(twin.path).terminals
        except FileError as error:
            return str(error)
        if self.terminals and terminals != self.terminals:
            theirs, ours = (", ".join(each) for each in (terminals, self.terminals))
            return f"{twin.name} has the terminals {theirs}; a twin of this chip has {ours}, in this order"
        return ""

    def _fault(self, parameter: Parameter, text: str) -> str:
        if parameter.unit == TERMINAL and self.terminals and text not in self.terminals:
            return f"the chip has no terminal {text!r}; it has {', '.join(self.terminals)}"
        if parameter.unit not in (TERMINAL, TEXT) and not text.strip():
            return f"needs a value; write for example {example(parameter.unit)!r}"
        return parameter.fault(text)

    def _is_changed(self, name: str) -> bool:
        parameter, text = self.parameters[name], self.text(name)
        if text == parameter.shown() or parameter.fault(text):
            return text != parameter.shown()
        return parameter.given(text).value != parameter.value


def bounds(parameter: Parameter) -> str:
    """Return between what a value must be, in words; empty where it need not."""
    low, high = (None if each is None else show(each, parameter.unit) for each in (parameter.low, parameter.high))
    if low is not None and high is not None:
        return f"{low} to {high}"
    return f"at least {low}" if low is not None else f"at most {high}" if high is not None else ""
