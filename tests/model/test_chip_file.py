from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from nwlab.core.errors import FileError
from nwlab.core.limits import Limits
from nwlab.model.chip_file import ChipFile, load_chip, parse_chip

CHIPS = Path(__file__).parents[2] / "instruments" / "chips"
STOCHASTIC = (CHIPS / "stochastic-2025.toml").read_text(encoding="utf-8")
RESISTOR = (CHIPS / "resistor-10k.toml").read_text(encoding="utf-8")


def test_the_published_chip() -> None:
    chip = load_chip(CHIPS / "stochastic-2025.toml")
    assert (chip.name, chip.terminals, chip.limits, chip.seed) == ("stochastic-2025", ("A", "B"), Limits(5.0, 1e-3), 15)
    assert chip.kind == "two-terminal"
    assert chip.text == STOCHASTIC
    assert chip.film().conductances()[0] == pytest.approx(12.3364e-6)


@pytest.mark.parametrize("read", [load_chip, lambda path: parse_chip(RESISTOR, path)])
def test_the_resistor(read: Callable[[Path], ChipFile]) -> None:
    chip = read(CHIPS / "resistor-10k.toml")
    assert chip.text == RESISTOR
    assert (chip.terminals, chip.limits, chip.seed) == (("A", "B"), Limits(5.0, 1e-3), None)
    assert chip.film().conductances().tolist() == [1e-4]


def test_limits_and_start_have_defaults(tmp_path: Path) -> None:
    text = STOCHASTIC.replace('voltage = "5 V"\n', "").partition("[start]")[0]
    chip = load_chip(_write(tmp_path, text))
    assert chip.limits == Limits(5.0, 1e-3)
    assert chip.film().conductances()[0] == pytest.approx(1.4558148272052695e-7)


@pytest.mark.parametrize(
    ("text", "old", "new", "told"),
    [
        (STOCHASTIC, 'kind = "two-terminal"', 'kind = "two-terminals"', r"chip.toml:14: model.kind: .*resistor"),
        (STOCHASTIC, 'law = "rate-balance"', 'law = "magic"', r"model.law: .*rate-balance"),
        (STOCHASTIC, '"A", "B"', '"A", "A"', "terminals: .*name of its own"),
        (STOCHASTIC, '"A", "B"', '"A", "B", "C"', "terminals: .*two terminals, not 3"),
        (STOCHASTIC, '"A", "B"', '"A"', "terminals: .*at least two"),
        (STOCHASTIC, 'voltage = "5 V"', 'voltage = "0 V"', "limits.voltage"),
        (STOCHASTIC, 'voltage = "5 V"', 'voltge = "5 V"', "limits.voltge: unknown key.*'voltage'"),
        (STOCHASTIC, "seed = 15", "seed = -1", "seed"),
        (STOCHASTIC, "seed = 15", "seeds = 15", "unknown key"),
        (STOCHASTIC, "12.3364 uS", "-1 uS", "start.conductance"),
        (STOCHASTIC, "12.3364 uS", "12.3364 uA", "start.conductance: .*unit of S"),
        (STOCHASTIC, 'kp0   = "5.217037178270165e-4 1/s"', 'kp0 = "0 1/s"', "model.parameters: kp0"),
        (STOCHASTIC, 'eta_p = "1.2922283233062284 1/V"\n', "", "model.parameters: .*'eta_p' is missing"),
        (STOCHASTIC, "smallest = 6.3709e-4", "smallest = 1.0", "model.jumps: .*smallest"),
        (STOCHASTIC, "exponent = 2.78", "exponents = 2.78", "model.jumps: .*missing"),
        (RESISTOR, '"A", "B"]\nresistance', '"A", "X"]\nresistance', "resistor.1.between: .*no terminal 'X'.*A, B"),
        (RESISTOR, '"A", "B"]\nresistance', '"A", "A"]\nresistance', "resistor.1.between: .*different"),
        (RESISTOR, '10 kOhm"\n', '0 Ohm"\n', "resistor.1.resistance"),
        (RESISTOR, 'kind = "resistor"', 'kind = "resistor"\nlaw = "rate-balance"', "model.law: unknown key"),
    ],
)
def test_mistakes_are_told_with_place_and_remedy(tmp_path: Path, text: str, old: str, new: str, told: str) -> None:
    assert old in text
    with pytest.raises(FileError, match=told):
        load_chip(_write(tmp_path, text.replace(old, new)))


def test_a_resistor_chip_without_resistors(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="at least one"):
        load_chip(_write(tmp_path, RESISTOR.partition("[[resistor]]")[0]))


def test_reading_a_chip_file_starts_no_compiler() -> None:
    code = f"""
import sys
from nwlab.model.chip_file import ChipFile, load_chip, parse_chip
load_chip({str(CHIPS / "stochastic-2025.toml")!r})
assert "numba" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[2])


def _write(folder: Path, text: str) -> Path:
    path = folder / "chip.toml"
    path.write_text(text, encoding="utf-8")
    return path
