"""Files and plug-ins that are broken, enormous or malicious: refused with file, line and key, and nothing connected."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from command import command as nwlab

from nwlab import cli
from nwlab.core.errors import DriveError, FileError, NwlabError, UsageError
from nwlab.core.files import read_toml
from nwlab.lab import registry
from nwlab.lab.bench_file import load_bench_file
from nwlab.lab.opening import load_chip
from nwlab.lab.running import load_protocol
from nwlab.runs.store import new_folder
from nwlab.virtual.faults import load_faults

ROOT = Path(__file__).parents[2]
PROTOCOL = """
name = "mine"
use = ["own.py"]
[[step]]
do = "own"
source = "A"
sink = "B"
"""
OWN = """
import numpy as np
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol.kinds import Play, Terminal

def own(source: Terminal, sink: Terminal) -> Play:
    yield Drive(np.full(2, 0.1), (Force(source, Quantity.VOLTAGE, np.full(2, 0.1), 1e-4, low=sink),))
"""


def load_and_bind(path: Path) -> None:
    load_protocol(path).bind(("A", "B")).outline()


KINDS: dict[str, tuple[Path, Callable[[Path], object]]] = {
    "protocol": (ROOT / "protocols" / "pulses.toml", load_and_bind),
    "chip": (ROOT / "instruments" / "chips" / "stochastic-2025.toml", load_chip),
    "network": (ROOT / "instruments" / "chips" / "nw16.toml", load_chip),
    "bench": (ROOT / "instruments" / "benches" / "lab16.toml", load_bench_file),
    "faults": (ROOT / "instruments" / "faults" / "bad-day.toml", load_faults),
}
HOSTILE = ["nan", "-inf", "-1", str(2**70), "true", '""', '"nan V"', '"1e999 V"', r'"\u0000"', "[[]]", "{ x = 1 }"]
READERS = [load_protocol, load_chip, load_bench_file, load_faults]


def places(text: str) -> Iterator[tuple[int, int, int]]:
    """Where the value of each key that stands in one line begins and ends, and the number of that line."""
    at = 0
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        if found := re.match(r'\s*[\w"]+\s*=\s*(.+?)\s*(?:#.*)?\n', line):
            yield number, at + found.start(1), at + found.end(1)
        at += len(line)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.fault(40, "Each value of each kind of file made wrong in its turn: taken, or refused by file and line.")
def test_no_value_whatever_it_is_ends_in_a_traceback(tmp_path: Path, kind: str) -> None:
    path, load = KINDS[kind]
    text = path.read_text(encoding="utf-8")
    refused = 0
    for _, begin, end in places(text):
        for value in HOSTILE:
            spoilt = tmp_path / path.name
            spoilt.write_text(text[:begin] + value + text[end:], encoding="utf-8")
            try:
                load(spoilt)
            except NwlabError as error:
                refused += 1
                assert not isinstance(error, FileError) or error.path  # noqa: PT017 - one of two ways out
    assert refused > 50


@pytest.mark.parametrize("load", READERS)
@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 50_000,
        "x = " + "{a=" * 50_000,
        "a." * 50_000 + "b = 1",
        "x = " + "9" * 5000,
        'x = "' + "y" * (1 << 25) + '"',
        "\x00\x01",
        "x = 1\nx = 2",
        "",
    ],
    ids=["brackets", "braces", "dots", "digits", "huge", "control", "doubled", "empty"],
)
@pytest.mark.fault(40, "Enormous, endlessly nested and half TOML: an error with the file's name, at once.")
def test_what_is_no_sensible_toml_is_refused(tmp_path: Path, load: Callable[[Path], object], text: str) -> None:
    path = tmp_path / "f.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(FileError) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    assert len(str(caught.value)) < 1000 + len(str(path))


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", str(2**63), '"1e400"'])
@pytest.mark.fault(40, "A number that is none, or beyond 64 bits, is refused by file, line and key.")
def test_numbers_that_are_none_are_refused(tmp_path: Path, value: str) -> None:
    path = tmp_path / "f.toml"
    path.write_text(f"name = 'x'\n[t]\nnumber = {value}\n", encoding="utf-8")
    table = read_toml(path).table("t")
    with pytest.raises(FileError, match=r"f\.toml:3: t\.number: "):
        table.integer("number")
    if value != str(2**63):
        with pytest.raises(FileError, match=r"f\.toml:3: t\.number: "):
            table.quantity("number", "1")


def test_parameters_that_are_no_numbers_are_refused() -> None:
    for value in (float("nan"), float("inf"), 10**400, "nan", "1e999"):
        with pytest.raises(UsageError, match="parameter count"):
            load_protocol("pulses", count=value)
    with pytest.raises(DriveError, match="step 1 pulses: no drive can be made of these values"):
        load_protocol("pulses", count=2**62).bind(("A", "B")).outline()


@pytest.mark.fault(40, "A name that climbs out of the output folder stays in it.")
def test_no_name_leads_out_of_the_folder_of_runs(tmp_path: Path) -> None:
    for name in ("../../evil", "/etc/evil", "..", "a\x00b", "x" * 100):
        folder = new_folder(tmp_path / "runs", name)
        assert folder.parent == tmp_path / "runs"


def lab(folder: Path, own: str) -> Path:
    (folder / "own.py").write_text(own, encoding="utf-8")
    (folder / "mine.toml").write_text(PROTOCOL, encoding="utf-8")
    return folder / "mine.toml"


@pytest.mark.parametrize(
    ("own", "told"),
    [
        ("raise RuntimeError('on purpose')", "RuntimeError: on purpose"),
        ("exit()", "SystemExit"),
        ("import sys; sys.exit(0)", "SystemExit: 0"),
        ("def own(:", "SyntaxError"),
        ("import nothing_of_the_kind", "ModuleNotFoundError"),
        ("f = lambda: f()\nf()", "RecursionError"),
    ],
)
@pytest.mark.fault(40, "A step file that raises or exits when it is loaded: its name and its error, nothing opened.")
def test_a_step_file_that_cannot_be_loaded_is_named(tmp_path: Path, own: str, told: str) -> None:
    with pytest.raises(FileError, match=re.escape(f"own.py: cannot be loaded: {told}")):
        load_protocol(lab(tmp_path, own))


@pytest.mark.fault(40, "A step file that exits: code 3 and no run; one that prints does not spoil what scripts read.")
def test_the_command_survives_step_files(tmp_path: Path) -> None:
    words = ("run", "mine.toml", "--model", "--chip", "resistor-10k", "--json")
    lab(tmp_path, "exit(0)")
    gone = nwlab(*words, cwd=tmp_path)
    assert gone.returncode == 3
    assert "own.py: cannot be loaded: SystemExit: 0" in gone.stderr
    assert not (tmp_path / "runs").exists()
    lab(tmp_path, f"print('hello')\n{OWN}")
    done = nwlab(*words, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["samples"] == 2
    assert "hello" in done.stderr


@pytest.mark.fault(40, "A driver of an installed package that is broken is named; the others can be used.")
def test_a_broken_plug_in_does_not_break_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "nwlab_broken.py").write_text("raise SystemExit(0)", encoding="utf-8")
    package = tmp_path / "nwlab_broken-1.dist-info"
    package.mkdir()
    (package / "METADATA").write_text("Metadata-Version: 2.1\nName: nwlab-broken\nVersion: 1\n", encoding="utf-8")
    (package / "entry_points.txt").write_text(
        "[nwlab.drivers]\nbroken = nwlab_broken:Driver\nabsent = nwlab_absent:Driver\n", encoding="utf-8"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    registry._installed.cache_clear()
    try:
        for name, told in (("broken", "SystemExit: 0"), ("absent", "ModuleNotFoundError")):
            with pytest.raises(UsageError, match=f"the driver '{name}' cannot be loaded from .*{told}"):
                registry.load("driver", name, tmp_path)
        assert registry.load("driver", "keithley2600", tmp_path).__name__ == "Keithley2600"
    finally:
        registry._installed.cache_clear()


@pytest.mark.fault(40, "A driver file beside the bench that exits is named.")
def test_a_driver_file_that_exits_is_named(tmp_path: Path) -> None:
    (tmp_path / "mysmu.py").write_text("exit(0)", encoding="utf-8")
    with pytest.raises(FileError, match=r"mysmu\.py: cannot be loaded: SystemExit: 0"):
        registry.load("driver", "mysmu.py:MySmu", tmp_path)


def test_the_places_that_are_spoilt_are_values() -> None:
    text = KINDS["bench"][0].read_text(encoding="utf-8")
    assert len(list(places(text))) > 10
    assert all(tomllib.loads(f"x = {text[begin:end]}") for _, begin, end in places(text))


@pytest.mark.parametrize("command", ["run", "dry-run", "sweep"])
@pytest.mark.parametrize("name", ["protocol", "path"])
def test_no_name_of_a_parameter_is_taken_for_something_else(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    name: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit) as left:
        cli.main([command, "pulses", "--set", f"{name}=1"])
    assert left.value.code == 2
    assert f"has no parameter '{name}'; it has " in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
