"""A run as it is asked for, and what is typed for it at the command line."""

from __future__ import annotations

import shlex
from dataclasses import dataclass, replace

OUT = "runs"
BENCH = "virtual"


@dataclass(frozen=True, slots=True)
class Order:
    """What `nwlab run` is told; what is as it would be anyway is not told."""

    protocol: str
    bench: str = BENCH
    virtual: bool = False
    model: bool = False
    chip: str | None = None
    twin: str | None = None  # chip file of the model that follows the run
    settings: tuple[tuple[str, str], ...] = ()  # parameters that differ from their defaults, as they were typed
    seed: int | None = None
    faults: str | None = None
    speed: float | None = None  # of simulated instruments, times real time; None = they never wait
    out: str = OUT

    @property
    def arguments(self) -> tuple[str, ...]:
        """What comes after `nwlab run`."""
        words = self._common()
        words += ["--virtual"] if self.virtual else []
        words += ["--faults", self.faults] if self.faults else []
        words += ["--speed", f"{self.speed:g}"] if self.speed is not None else []
        words += ["--out", self.out] if self.out != OUT else []
        return tuple(words)

    @property
    def line(self) -> str:
        """The command line, for a terminal or a script."""
        return shlex.join(["nwlab", "run", *self.arguments])

    def lines(self, width: int) -> str:
        """Return the command line in lines of about `width` characters, which a shell reads as one."""
        words = [shlex.quote(word) for word in ("nwlab", "run", *self.arguments)]
        lines = [" ".join(words[:3])]
        for index in range(3, len(words)):
            if words[index].startswith("--") and len(f"{lines[-1]} {' '.join(words[index : index + 2])} \\") > width:
                lines.append("   ")
            lines[-1] += f" {words[index]}"
        return " \\\n".join(lines)

    @property
    def rehearsed(self) -> Order:
        """What a dry run of it depends on: always played on simulated instruments, without faults and waits."""
        return replace(self, virtual=False, faults=None, speed=None, out=OUT)

    def rehearsal(self, out: str) -> tuple[str, ...]:
        """What comes after `nwlab dry-run` for the same run."""
        return (*self._common(), "--out", out)

    def __str__(self) -> str:
        """The run in a few words, for a list."""
        where = "the model" if self.model else f"{self.bench}, simulated" if self.virtual else self.bench
        chip = f" with {self.chip}" if self.chip else ""
        said = [f"{name} {value}" for name, value in self.settings]
        said += [f"twin {self.twin}"] if self.twin else []
        said += [f"seed {self.seed}"] if self.seed is not None else []
        said += [f"faults {self.faults}"] if self.faults else []
        said += [pace(self.speed)] if self.speed is not None else []
        return f"{self.protocol} on {where}{chip}" + (f": {', '.join(said)}" if said else "")

    def _common(self) -> list[str]:
        words = [self.protocol]
        words += ["--bench", self.bench] if self.bench != BENCH and not self.model else []
        words += ["--model"] if self.model else []
        words += ["--chip", self.chip] if self.chip else []
        words += ["--twin", self.twin] if self.twin else []
        for name, value in self.settings:
            words += ["--set", f"{name}={value}"]
        words += ["--seed", str(self.seed)] if self.seed is not None else []
        return words


def pace(speed: float | None) -> str:
    """Return how fast simulated instruments play, in words."""
    if speed is None:
        return "no waiting"
    return "real time" if speed == 1 else f"{speed:g} \N{MULTIPLICATION SIGN} real time"
