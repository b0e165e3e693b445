"""Runs and chips in a notebook."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as Xml

import matplotlib as mpl
import numpy as np
import pytest
from core.shown import MOST, SVG, Table, heights, picture, texts
from matplotlib.axes import Axes
from runs.ohmic import OhmicChip, force, several, volts

import nwlab
from nwlab.core.drive import Drive
from nwlab.core.errors import UsageError
from nwlab.core.record import BLOCKS, RunInfo
from nwlab.runs.runner import record_run

EVIL = RunInfo(
    "<b>pulses</b>", chip="c & d", parameters={"level": "<1 V>"}, identities={"smu": "Keithley <2636B>"}, seed=3
)


def record(folder: Path, *drives: Drive, chip: OhmicChip | None = None, info: RunInfo = EVIL) -> nwlab.Run:
    record_run(several(*drives), chip or OhmicChip(block=50_000), folder / "r", info)
    return nwlab.load_run(folder / "r")


def test_a_run_says_what_when_on_what_and_how_it_ended(tmp_path: Path) -> None:
    run = record(tmp_path, volts([1, 2, 3]), volts([0.5]))
    text = run._repr_html_()
    facts = Table(text).facts
    assert "<strong>&lt;b&gt;pulses&lt;/b&gt;: finished</strong>" in text
    assert facts["samples"] == "4 in 2 drives"
    assert facts["chip"] == "c & d"
    assert facts["terminals"] == "A, B, C"
    assert facts["instrument smu"] == "Keithley <2636B>"
    assert facts["parameter level"] == "<1 V>"
    assert facts["folder"] == str(run.path)
    assert facts["started"] == f"{run.started:%Y-%m-%d %H:%M:%S %z}"
    told = texts(picture(text))
    assert "conductanceA → B" in told
    assert {"100 µS", "1 V", "3 V", "0 ms"} <= set(told)


def test_a_run_without_samples(tmp_path: Path) -> None:
    for name, drives in (("none", ()), ("wait", (Drive(np.array([1.0])),))):
        text = record(tmp_path / name, *drives)._repr_html_()
        assert Table(text).facts["samples"].startswith(("0 in 0 drives", "1 in 1 drive"))
        assert "<svg" not in text


def test_a_million_samples_are_shown_quickly_and_small_with_their_spike(tmp_path: Path) -> None:
    levels = np.full(1_000_000, 0.1)
    levels[777_777] = 3.0
    run = record(tmp_path, volts(levels, 1e-3))
    text, spent = timed(run._repr_html_)
    _, read = timed(run.rows)
    assert len(text) < MOST
    assert spent < 10 * read
    *_, voltage = (heights(each.get("d")) for each in picture(text).iter(f"{SVG}path"))
    assert 1 <= (voltage < voltage.max() - 80).sum() <= 2


def timed(act):
    since = time.process_time()
    result = act()
    return result, time.process_time() - since


def test_many_terminals_stay_small(tmp_path: Path) -> None:
    chip = OhmicChip(block=1000)
    chip.terminals = tuple(f"T{k}" for k in range(64))
    levels = np.random.default_rng(1).uniform(0.1, 1, 2000)
    drive = Drive(np.full(2000, 0.1), tuple(force(levels, k, low=None) for k in range(64)))
    text = record(tmp_path, drive, chip=chip)._repr_html_()
    assert len(text) < MOST
    assert "and 58 more" in " ".join(texts(picture(text)))


def test_compliance_is_shaded(tmp_path: Path) -> None:
    levels = np.concatenate([np.full(50, 0.5), np.full(50, 2.0)])
    limited = Drive(np.full(100, 0.1), (force(levels, compliance=1e-4),))
    (band,) = picture(record(tmp_path, limited)._repr_html_()).iter(f"{SVG}rect")
    assert float(band.get("width")) == pytest.approx((628 - 84) / 2, abs=3)


def test_a_record_that_was_damaged_meanwhile_is_said_to_be(tmp_path: Path) -> None:
    run = record(tmp_path, volts([1, 2, 3]))
    (run.path / BLOCKS).write_bytes(b"\0" * (run.path / BLOCKS).stat().st_size)
    text = run._repr_html_()
    assert "no picture: " in text
    assert Table(text).facts["samples"] == "3 in 1 drive"


def test_a_figure_of_all_terminals_or_of_one(tmp_path: Path) -> None:
    both = Drive(np.full(20, 0.1), (force(np.linspace(0.1, 1, 20), 0, low=None), force(np.full(20, 2.0), 2, low=None)))
    run = record(tmp_path, both)
    before = dict(mpl.rcParams)
    figure = run.plot()
    conductance, voltage, current, _ = figure.axes
    assert [axes.get_ylabel() for axes in (conductance, voltage, current)] == [
        "conductance (µS)",
        "voltage (V)",
        "current (µA)",
    ]
    first, second = measured(current)
    np.testing.assert_allclose(first, np.linspace(10, 100, 20))
    np.testing.assert_allclose(second, np.full(20, 200.0))
    (only,) = measured(run.plot("C").axes[2])
    np.testing.assert_allclose(only, np.full(20, 200.0))
    assert figure._repr_png_().startswith(b"\x89PNG")
    assert dict(mpl.rcParams) == before
    with pytest.raises(UsageError, match="no terminal 'X'"):
        run.plot("X")


def measured(axes: Axes) -> list[np.ndarray]:
    """Values of each curve, without the faint lines across gaps and the one at zero."""
    drawn = [line.get_ydata() for line in axes.lines if line.get_alpha() is None and len(line.get_xdata()) > 2]
    return [values[np.isfinite(values)] for values in drawn]


PLAIN = """
import sys
import nwlab
figure = nwlab.load_run(sys.argv[1]).plot()
figure.savefig(sys.argv[2])
figure._repr_png_()
import matplotlib
print("matplotlib.pyplot" in sys.modules, matplotlib.get_backend(auto_select=False))
"""
HTML = """
import sys
import nwlab
nwlab.load_run(sys.argv[1])._repr_html_()
nwlab.Drive([1.0], (nwlab.Force(0, nwlab.Quantity.VOLTAGE, [1.0], 1e-3),))._repr_html_()
print(sorted({"matplotlib", "scipy", "numba", "pyvisa"} & set(sys.modules)))
"""


@pytest.mark.parametrize(("script", "expected"), [(PLAIN, "False None\n"), (HTML, "[]\n")])
def test_neither_pyplot_nor_a_display_nor_what_is_heavy_is_needed(tmp_path: Path, script: str, expected: str) -> None:
    run = record(tmp_path, volts([1, 2, 3]))
    command = [sys.executable, "-W", "error", "-c", script, str(run.path), str(tmp_path / "x.png")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env={"PYTHONPATH": ":".join(sys.path)})
    assert (done.stdout, done.stderr) == (expected, "")


def test_a_run_that_was_just_played_shows_itself(tmp_path: Path) -> None:
    with nwlab.open_model("resistor-10k") as chip:
        run = nwlab.run(nwlab.load_protocol("pulses", count=2), chip, out=tmp_path)
        text = chip._repr_html_()
    assert isinstance(run, nwlab.Run)
    assert Table(run._repr_html_()).facts["chip"] == "resistor-10k"
    facts = Table(text).facts
    assert (facts["bench"], facts["limits"], facts["terminals"]) == ("none: the chip's model", "5 V, 1 mA", "A, B")


def test_a_bench_says_what_stands_on_the_table() -> None:
    with nwlab.open_bench("virtual", seed=5) as chip:
        facts = Table(chip._repr_html_()).facts
        assert (facts["chip"], facts["bench"], facts["SMU channels"], facts["seed"]) == (
            "stochastic-2025",
            "virtual",
            "2",
            "5",
        )
        assert any("2636B" in fact for name, fact in facts.items() if name.startswith("instrument"))
    assert "safe state confirmed" in Table(chip._repr_html_()).facts["state"]


@pytest.mark.parametrize(("name", "lines"), [("nw16", 1200), ("grid21", 1240)])
def test_a_chip_file_draws_its_network(name: str, lines: int) -> None:
    chip = nwlab.load_chip(name)
    text = chip._repr_html_()
    assert len(text) < MOST
    facts = Table(text).facts
    assert facts["limits"].startswith(f"{chip.limits.voltage:g} V, ")
    assert facts["network"].endswith(" junctions")
    svg = picture(text)
    drawn = next(each.get("d") for each in svg.iter(f"{SVG}path"))
    assert drawn.count("M") == lines
    assert texts(svg) == list(chip.terminals)
    assert inside(svg)


def inside(svg: Xml.Element) -> bool:
    """Whether every pad lies in the picture."""
    _, _, width, height = map(float, svg.get("viewBox").split())
    return all(
        0 < float(pad.get("cx")) < width and 0 < float(pad.get("cy")) < height for pad in svg.iter(f"{SVG}circle")
    )


def test_a_chip_file_without_a_network_has_a_table() -> None:
    text = nwlab.load_chip("resistor-10k")._repr_html_()
    assert Table(text).facts["kind"] == "resistor"
    assert "<svg" not in text
