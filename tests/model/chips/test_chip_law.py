from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from nwlab.core.errors import FileError, UsageError
from nwlab.core.files import parse_toml
from nwlab.model.chips.law import ChipLaw, read_law, read_rate_balance
from nwlab.model.laws import LAWS
from nwlab.model.laws.junction_law import JunctionLaw
from nwlab.model.randomness import stream

RATES = """
kp0 = "1e-4 1/s"
kd0 = "0.5 1/s"
eta_p = "10 1/V"
eta_d = "1 1/V"
g_min = "1 mS"
g_max = "100 mS"
"""
SLOW = """
consolidation = "1e-3 1/s"
forgetting = "1e-5 1/s"
noise = "1e-3 1/sqrt(s)"
"""
JUMPS = """
[model.jumps]
rate = "0.1 1/s"
exponent = 2.5
smallest = 1e-3
largest = 1e-2
"""
CHIPS = {
    "rate-balance": f'[model.parameters]{RATES}noise = "1e-3 1/sqrt(s)"\n{JUMPS}[model.spread]\nkd0 = 1.0\n',
    "lasting": f"[model.parameters]{RATES}{SLOW}",
    "tunnelling": '[model.parameters]\nlambda_c = "0.012 V s"\n[model.spread]\nthresholds = 0.1\n',
    "device": """[model.parameters]
g_min = "1 uS"
g_max = "100 uS"
v_up = "0.8 V"
v_down = "1 V"
rate_up = "20 1/s"
rate_down = "50 1/s"
levels = 16
error = 0.01
""",
    "fixed": '[model.parameters]\nconductance = "2 mS"\n',
    "legacy": f"[model.parameters]{RATES}",
}
RESTS = {"rate-balance": 1e-3, "lasting": 1e-3, "tunnelling": 7.77e-8, "device": 1e-6, "fixed": 2e-3, "legacy": 1e-3}
OWN = '''
"""A lab's own law."""
import numpy as np


class Leaky:
    """Charge that leaks away.

    More about it.
    """

    parameters = {"rate": "1/s", "scale": "S"}
    variables = 2

    def __init__(self, junctions, rate, scale):
        self.rate, self.scale = rate, scale

    def start(self, conductance):
        return np.stack([conductance / self.scale - 1, 0 * conductance])

    def step(self, state, voltage, duration):
        return state * np.exp(-self.rate * duration)

    def conductance(self, state):
        return self.scale * (1 + state[0])


class Lively(Leaky):
    def live(self, state, voltage, duration, stream):
        stream[0] += np.uint64(1)
        return state + 1
'''
OWN_CHIP = '[model.parameters]\nrate = "2 1/s"\nscale = "1 mS"\n'


def _read(text: str, law: str, folder: Path = Path()) -> ChipLaw:
    model = parse_toml(f'[model]\nlaw = "{law}"\n{text}', folder / "chip.toml").table("model")
    found = read_law(model, folder)
    model.finish()
    return found


@pytest.mark.parametrize("name", LAWS)
def test_every_law_can_be_read_and_lives(name: str) -> None:
    chip = _read(CHIPS[name], name)
    assert (chip.name, chip.about) == (name, LAWS[name])
    assert chip.start == pytest.approx(RESTS[name], rel=1e-6)
    law = chip.make(70, np.random.default_rng(1), True)
    state = law.start(np.full(70, chip.start))
    assert state.shape == (law.variables, 70)
    assert np.median(law.conductance(state)) == pytest.approx(chip.start, rel=1e-6)
    moved = law.live(state, np.linspace(-1.5, 1.5, 70), 0.1, stream(np.random.default_rng(2)))
    assert np.isfinite(law.conductance(moved)).all()


def test_a_chip_without_noise_does_as_its_law_without_chance() -> None:
    for name in ("rate-balance", "lasting", "device"):
        chip = _read(CHIPS[name], name)
        noisy, quiet = (chip.make(40, np.random.default_rng(1), noise) for noise in (True, False))
        state, voltage = quiet.start(np.full(40, 2 * chip.start)), np.linspace(-1.5, 1.5, 40)
        still = quiet.live(state, voltage, 0.1, stream(np.random.default_rng(2)))
        np.testing.assert_array_equal(still, noisy.step(state, voltage, 0.1))
        assert (still != noisy.live(state, voltage, 0.1, stream(np.random.default_rng(2)))).any()


def test_the_spread_comes_from_the_generator_that_is_handed_in() -> None:
    chip = _read(CHIPS["rate-balance"], "rate-balance")
    one, two, other = (chip.make(500, np.random.default_rng(seed), True) for seed in (1, 1, 2))
    assert isinstance(one, JunctionLaw)
    assert isinstance(two, JunctionLaw)
    assert isinstance(other, JunctionLaw)
    np.testing.assert_array_equal(one.spread, two.spread)
    assert (one.spread[1] != other.spread[1]).all()
    assert (one.spread[[0, 2]] == 1).all()
    assert np.log(one.spread[1]).std() == pytest.approx(1.0, abs=0.1)


def test_a_rate_balance_alone() -> None:
    model = parse_toml("[model]\n" + CHIPS["rate-balance"].partition("[model.spread]")[0], "chip.toml").table("model")
    law = read_rate_balance(model)
    model.finish()
    assert (law.kd0, law.noise, law.jumps and law.jumps.exponent) == (0.5, 1e-3, 2.5)


@pytest.mark.parametrize(
    ("law", "old", "new", "told"),
    [
        ("magic", "", "", r"chip.toml:2: model.law: 'magic' is not one of rate-balance, .*file.py:Class"),
        ("rate-balanced", "", "", "did you mean 'rate-balance'"),
        ("rate-balance", '"1 mS"', '"-1 mS"', r"model.parameters: conductances need 0 ≤ g_min"),
        ("rate-balance", 'kd0 = "0.5 1/s"\n', "", "'kd0' is missing"),
        ("rate-balance", "eta_d", "eta_dd", r"chip.toml:\d: model.parameters: .*'eta_d' is missing"),
        ("rate-balance", "kd0 = 1.0", "kd = 1.0", r"chip.toml:\d+: model.spread.kd: unknown key.*kp0"),
        ("rate-balance", "kd0 = 1.0", "kd0 = -1.0", r"chip.toml:\d+: model.spread.kd0: .*at least 0"),
        ("rate-balance", "smallest = 1e-3", "smallest = 1", r"model.jumps: jump sizes"),
        ("lasting", "1e-5 1/s", "0 1/s", "model.parameters: forgetting"),
        ("lasting", "consolidation", "consolation", "'consolidation' is missing"),
        ("tunnelling", '"0.012 V s"', '"0.02 V s"', "lambda_c ≤ lambda_max"),
        ("tunnelling", "V s", "V", "model.parameters.lambda_c: .*V s"),
        ("device", "levels = 16", "levels = 1", "at least 2 levels"),
        ("device", "levels = 16", "levels = 1.5", "whole number"),
        ("fixed", "2 mS", "-2 mS", "at least 0 S"),
        ("fixed", '"2 mS"\n', f'"2 mS"\n{JUMPS}', "model.jumps: unknown key"),
        ("legacy", '"100 mS"', '"100 mS"\nnoise = "1 1/sqrt(s)"', "neither noise nor jumps"),
    ],
)
def test_mistakes_are_told_with_place_and_remedy(law: str, old: str, new: str, told: str) -> None:
    text = CHIPS.get(law, "")
    assert old in text
    with pytest.raises(FileError, match=told) as caught:
        _read(text.replace(old, new), law)
    assert "\n" not in str(caught.value)


def test_reading_starts_no_compiler() -> None:
    texts = [f'[model]\nlaw = "{name}"\n{text}' for name, text in CHIPS.items()]
    code = f"""
import sys
from pathlib import Path
from nwlab.core.files import parse_toml
from nwlab.model.chips.law import read_law
for text in {texts!r}:
    read_law(parse_toml(text, "chip.toml").table("model"), Path())
assert not {{"numba", "scipy"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).parents[3])


def test_a_lab_brings_its_own_law(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    chip = _read(OWN_CHIP + "[model.spread]\nrate = 0.5\n", "mine.py:Leaky", tmp_path)
    assert (chip.name, chip.about, chip.start) == ("mine.py:Leaky", "Charge that leaks away.", 1e-3)
    law = chip.make(30, np.random.default_rng(1), True)
    state = law.start(np.full(30, 2e-3))
    moved = law.live(state, np.zeros(30), 0.5, stream(np.random.default_rng(0)))
    # Nothing but the rate spreads, and it is the first of what could.
    rates = 2 * np.exp(0.5 * np.random.default_rng(1).standard_normal(30))
    np.testing.assert_allclose(law.conductance(moved), 1e-3 * (1 + np.exp(-rates * 0.5)), rtol=1e-12)


def test_chance_of_a_labs_own_law_can_be_left_out(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    chip = _read(OWN_CHIP, "mine.py:Lively", tmp_path)
    numbers = stream(np.random.default_rng(0))
    for noise, expected in ((True, 2.0), (False, np.exp(-2.0))):
        law = chip.make(1, np.random.default_rng(1), noise)
        assert law.live(law.start(np.array([2e-3])), np.zeros(1), 1.0, numbers)[0, 0] == pytest.approx(expected)


@pytest.mark.parametrize(
    ("law", "old", "new", "told"),
    [
        ("other.py:Leaky", "", "", r"chip.toml:2: model.law: .*other.py: there is no such Python file"),
        ("mine.py:Leeky", "", "", "has no class 'Leeky'"),
        ("mine.py:OWN", "", "OWN = 3\n", "not a class"),
        ("mine.py:Leaky", "import numpy as np", "import numpyy as np", "cannot be loaded: ModuleNotFoundError"),
        ("mine.py:Leaky", "def step", "def steps", "it lacks step"),
        ("mine.py:Leaky", "parameters = ", "numbers = ", "it lacks parameters"),
        ("mine.py:Leaky", '{"rate": "1/s", "scale": "S"}', '["rate"]', "parameters must be names and units"),
        ("mine.py:Leaky", "junctions, rate, scale", "junctions, rate", "cannot be made: TypeError"),
        ("mine.py:Leaky", "(1 + state[0])", "(1 + state)", r"conductance gives an array of shape \(2, 1\)"),
        ("mine.py:Leaky", "(1 + state[0])", "(-1 + state[0])", "at least 0 S"),
        ("mine.py:Leaky", "return state *", "return 1 /", "fails on a fresh junction|step gives"),
        ("mine.py:Leaky", '"rate": "1/s"', '"ratio": "1"', "'ratio' is missing"),
    ],
)
def test_mistakes_of_a_labs_own_law_are_told(tmp_path: Path, law: str, old: str, new: str, told: str) -> None:
    (tmp_path / "mine.py").write_text(OWN.replace(old, new, 1) if old else OWN + new)
    with pytest.raises(FileError, match=told) as caught:
        _read(OWN_CHIP, law, tmp_path)
    assert "\n" not in str(caught.value)


def test_a_law_that_goes_wrong_later_is_stopped(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    law = _read(OWN_CHIP, "mine.py:Leaky", tmp_path).make(2, np.random.default_rng(1), True)
    with pytest.raises(UsageError, match=r"mine.py:Leaky: conductance gives -0.002 S"):
        law.conductance(np.full((2, 2), -3.0))


def test_installed_packages_bring_laws_along(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "leaky_package.py").write_text(OWN)
    folder = tmp_path / "leaky_package-1.0.dist-info"
    folder.mkdir()
    (folder / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky-package\nVersion: 1.0\n")
    (folder / "entry_points.txt").write_text("[nwlab.laws]\nleaky = leaky_package:Leaky\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    chip = _read(OWN_CHIP, "leaky", tmp_path)
    assert (chip.name, chip.start) == ("leaky", 1e-3)
    with pytest.raises(FileError, match="leaky"):
        _read(OWN_CHIP, "leeky", tmp_path)
