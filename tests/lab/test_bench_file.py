from pathlib import Path

import pytest

from nwlab.core.errors import FileError
from nwlab.core.limits import Limits
from nwlab.core.wiring import COMMON
from nwlab.lab.bench_file import BenchFile, load_bench_file
from nwlab.lab.places import known_files

TEXT = """\
name = "mine"
chip = "chip.toml"
[limits]
voltage = "3 V"
[smu.a]
driver = "keithley2600"
model = "2636B"
address = "GPIB0::26::INSTR"
channel = "a"
[matrix.m]
driver = "keithley707"
model = "707B"
address = "GPIB0::16::INSTR"
rows = { A = "a.hi", B = "a.lo", H = "common" }
columns = { 1 = "N", 2 = "S", 12 = "common" }
settle = "15 ms"
lead_resistance = "0.7 Ohm"
[wires]
"a.shi" = "N"
"""


def write(folder: Path, text: str = TEXT) -> Path:
    path = folder / "mine.toml"
    path.write_text(text)
    return path


def load(folder: Path, text: str = TEXT) -> BenchFile:
    return load_bench_file(write(folder, text))


def test_a_bench_file_becomes_values(tmp_path: Path) -> None:
    bench = load(tmp_path)
    assert bench.limits == Limits(3.0, 1e-3)
    assert bench.chip == (tmp_path / "chip.toml").resolve()
    (grid,) = bench.grids
    assert (grid.settle, grid.lead_resistance) == (0.015, 0.7)
    assert grid.ends("A", 2) == ("a.hi", "S")
    assert bench.wires == (("a.shi", "N"),)


def test_the_own_chip_must_have_the_wired_terminals(tmp_path: Path) -> None:
    bench = load(tmp_path)
    assert bench.wiring(("S", "N")).terminals == ("S", "N")
    with pytest.raises(FileError, match=r"terminal 'N' is wired here, but the chip 'chip' has A, B"):
        bench.wiring(("A", "B"))


def test_another_chip_is_mounted_in_order_and_beyond(tmp_path: Path) -> None:
    wiring = load(tmp_path).mount(("A", "B", "C"))
    assert wiring.grids[0].columns == {1: "A", 2: "B", 12: COMMON, 3: "C"}
    assert wiring.wires == (("a.shi", "A"),)


def test_a_chip_with_one_terminal_less_leaves_its_column_empty(tmp_path: Path) -> None:
    assert load(tmp_path).mount(("A",)).grids[0].columns == {1: "A", 12: COMMON}


@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ('channel = "a"', 'chanel = "a"', r"mine\.toml:9: smu\.a\.chanel: unknown key \(did you mean 'channel'\?\)"),
        ('voltage = "3 V"', 'voltage = "3 A"', r"mine\.toml:4: limits\.voltage: .*a unit of V is needed"),
        ('A = "a.hi"', 'A = "c.hi"', r"mine\.toml:14: matrix\.m\.rows\.A: there is no port 'c\.hi'"),
        ('"a.shi" = "N"', '"a.sense" = "N"', r"mine\.toml:19: wires\.a\.sense: there is no port"),
        ("1 = ", "one = ", r"mine\.toml:15: matrix\.m\.columns\.one: columns are numbered"),
        ('settle = "15 ms"', 'settle = "-15 ms"', r"settle.*cannot be negative"),
        ('model = "2636B"\n', "", r"mine\.toml:5: smu\.a: the key 'model' is missing here"),
    ],
)
def test_a_faulty_bench_is_told_with_its_place(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    assert old in TEXT
    with pytest.raises(FileError, match=complaint):
        load(tmp_path, TEXT.replace(old, new, 1))


@pytest.mark.parametrize("name", sorted(known_files("bench")))
def test_every_shipped_bench_states_its_limits(name: str) -> None:
    bench = load_bench_file(known_files("bench")[name])
    assert bench.limits is not None
    assert bench.chip.is_file()
