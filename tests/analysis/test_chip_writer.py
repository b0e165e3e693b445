"""What a fit found becomes a chip file that comes back to the last bit."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pytest

from nwlab.analysis.chip_writer import chip_text, dumps, quantity
from nwlab.analysis.fit import Estimate, Fit
from nwlab.analysis.readers import read_recording
from nwlab.model.chip_file import load_chip


def test_toml_comes_back() -> None:
    content = {
        "name": 'a "quoted" \\ name\nof two lines\x01',
        "odd key": [1, 2.5, True, "x"],
        "nested": [[1.0, float("inf")], []],
        "tiny": 5.217037178270165e-04,
        "table": {"below": {"x": 1}, "y": 2},
        "terminal": [{"name": "A", "deep": {"z": 0.1}}, {"name": "B"}],
    }
    assert tomllib.loads(dumps(content)) == content


def test_a_chip_file_is_read_by_the_model(tmp_path: Path) -> None:
    source = tmp_path / "my data.txt"
    source.write_text("0 1e-6 1\n1 2e-6 1\n2 2e-6 1\n", encoding="utf-8")
    kp0 = 5.217037178270165e-4
    parameters = {"kp0": kp0, "kd0": 37.93422536389374, "eta_p": 1.29, "eta_d": 1.78, "g_min": 1e-7, "g_max": 6e-5}
    units = {"kp0": "1/s", "kd0": "1/s", "eta_p": "1/V", "eta_d": "1/V", "g_min": "S", "g_max": "S"}
    written = {key: quantity(value, units[key]) for key, value in parameters.items()}
    model = {"kind": "two-terminal", "law": "rate-balance", "parameters": written}
    measured = np.array([1e-6, 2e-6, 2e-6])
    fit = Fit(
        "rate-balance",
        {key: Estimate(value, 0.1 * value, units[key]) for key, value in parameters.items()},
        np.diag(np.square([0.1 * value for value in parameters.values()])),
        np.arange(3.0),
        measured,
        measured + 1e-7,
        {"terminals": ["A", "B"], "model": model, "start": {"conductance": "1e-6 S"}},
        ("one remark",),
    )
    assert fit.rmse == pytest.approx(1e-7)
    assert fit.r2 == pytest.approx(1 - 3e-14 / (2 / 3 * 1e-12))
    recording = read_recording(source)
    path = tmp_path / "chip.toml"
    path.write_text(chip_text("mine", fit, [recording]), encoding="utf-8")
    chip = load_chip(path)
    assert chip.terminals == ("A", "B")
    assert chip.film(noise=False).conductances()[0] == pytest.approx(1e-6)
    about = chip.fit
    assert about["fingerprints"] == [recording.fingerprint]
    assert about["sources"] == [str(source)]
    assert about["remarks"] == ["one remark"]
    assert about["order"] == list(parameters)
    assert about["values"]["kp0"] == f"{kp0!r} 1/s"
    np.testing.assert_array_equal(np.array(about["covariance"]), fit.covariance)
