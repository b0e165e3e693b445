"""The faults that a trusted program must survive, and which test proves that: `tests/FAULTS.md` is made from this.

`python3 tasks.py faults` runs the proofs and writes the table, but only when it ran them all; a test looks that none is
missing and that the table says what the marks say.
"""

from __future__ import annotations

import ast
import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).resolve().parent
TABLE = TESTS / "FAULTS.md"
TRIALS = 20
"""How often each death of a process is tried for the table."""
_WORST_FIRST = ("failed", "skipped", "passed")

TITLES = {
    1: "a reply comes after its time-out",
    2: "a line that nobody asked for, or a reply twice",
    3: "a reply is cut off",
    4: "a reply is split at any byte",
    5: "bytes that are not ASCII, or garbage",
    6: "an endless reply without terminator",
    7: "wrong number of fields, an empty field, letters for a number",
    8: "not a number, infinities, overflow codes",
    9: "a binary block of the wrong length",
    10: "nobody at the address",
    11: "another instrument at the address",
    12: "the instrument closes the link",
    13: "a reset link, or one that swallows everything",
    14: "a USB plug pulled out and put in again",
    15: "the instrument reboots during a run",
    16: "an entry in the instrument's error queue",
    17: "a limit is silently not applied",
    18: "a set-point beyond the limits, from anywhere",
    19: "compliance is reached",
    20: "the interlock opens",
    21: "an output is found on at connect",
    22: "relays that did not move as told",
    23: "relays told to move while a source drives them",
    24: "an exception in the user's protocol",
    25: "Ctrl-C: once, twice, hammered, during clean-up",
    26: "SIGTERM, SIGHUP",
    27: "the control program is killed or crashes",
    28: "the control program hangs",
    29: "the bench process dies",
    30: "making safe fails itself",
    31: "one of several instruments fails",
    32: "disk full, read-only, network drive gone",
    33: "the journal is cut or altered at any byte",
    34: "power fails while run.json is written",
    35: "two runs on one bench",
    36: "the window is slow, frozen or killed",
    37: "a listener that is too slow",
    38: "the computer's clock steps",
    39: "the computer sleeps",
    40: "a malformed or hostile file or plug-in",
    41: "garbage, half a message or a gigabyte from the network",
    42: "simulation and hardware disagree",
}


@dataclass(frozen=True, order=True)
class Proof:
    """One mark on one test."""

    fault: int
    test: str  # file::function, seen from the tests' folder
    seen: str  # what the test asserts, in a sentence


@functools.cache
def proofs() -> tuple[Proof, ...]:
    """Return every mark in the tests."""
    return tuple(sorted({proof for path in TESTS.rglob("test_*.py") for proof in _of_file(path)}))


def table(outcomes: Mapping[str, str]) -> str:
    """Return the table; `outcomes` maps a test to how it ended. The same outcomes give the same text."""
    lines = [
        "# Faults, and the tests that plant them",
        "",
        f"Written by `python3 tasks.py faults`: each of these tests was run, each death of a process {TRIALS} times.",
        "",
        "| # | fault | test | outcome |",
        "|---|---|---|---|",
    ]
    for fault, title in TITLES.items():
        lines += [_row(proof, title, outcomes) for proof in proofs() if proof.fault == fault]
    return "\n".join(lines) + "\n"


@dataclass
class Account:
    """What a session was asked to run, and how that ended."""

    outcomes: dict[str, str] = field(default_factory=dict[str, str])  # by file::function
    due: set[str] = field(default_factory=set[str])  # node ids of marked tests that were collected
    left_out: set[str] = field(default_factory=set[str])  # marked tests not wanted, and files that failed to be read
    _done: set[str] = field(default_factory=set[str])

    def ended(self, node: str, outcome: str) -> None:
        """Note how a part of a test ended; one of many parameters has passed when all of them have."""
        path, *_, function = node.partition("[")[0].split("::")
        test = f"{path.removeprefix('tests/')}::{function}"
        self.outcomes[test] = min(self.outcomes.get(test, "passed"), outcome, key=_WORST_FIRST.index)

    def finished(self, node: str) -> None:
        """Note that a test is over."""
        self._done.add(node)

    def not_run(self) -> list[str]:
        """Return which proofs this session cannot vouch for."""
        absent = {proof.test for proof in proofs()} - self.outcomes.keys()
        return sorted(self.left_out | (self.due - self._done) | absent)


def _row(proof: Proof, title: str, outcomes: Mapping[str, str]) -> str:
    return f"| {proof.fault} | {title} | `{proof.test}` | {outcomes[proof.test]}: {proof.seen} |".replace("\n", " ")


def _of_file(path: Path) -> Iterator[Proof]:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test"):
            for fault, seen in _marks(node.decorator_list):
                yield Proof(fault, f"{path.relative_to(TESTS).as_posix()}::{node.name}", seen)


def _marks(nodes: list[ast.expr]) -> Iterator[tuple[int, str]]:
    for node in (each for root in nodes for each in ast.walk(root)):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "fault":
            number, seen = (ast.literal_eval(argument) for argument in node.args)
            yield int(number), str(seen)
