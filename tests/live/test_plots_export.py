"""What is seen can be taken along: as a picture, as a drawing, as a table."""

from __future__ import annotations

import csv
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from live.experiment import Experiment, scene_of
from live.pixels import array_of, painted, rgb
from live.showing import Shown
from PySide6.QtGui import QImage
from PySide6.QtWidgets import QApplication

from nwlab.core.errors import UsageError
from nwlab.live.look.theme import DARK, LIGHT, Theme
from nwlab.live.plots.plots import PlotArea


def exported(plots: PlotArea, path: Path) -> str:
    """Export and return what the user is told."""
    told: list[str] = []
    plots.exported.connect(told.append)
    plots.export(path)
    while not told:
        QApplication.processEvents()
    return told[0]


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_a_png_has_twice_the_px_and_the_same_curves(shown: Shown, theme: Theme, tmp_path: Path) -> None:
    plots = shown(scene_of(Experiment(lines=2, expected=True, limited=(10, 50))), theme)
    assert exported(plots, tmp_path / "seen.png") == f"{tmp_path / 'seen.png'} was written"
    picture = array_of(QImage(str(tmp_path / "seen.png")))
    size = plots._canvas.size()
    assert picture.shape == (2 * size.height(), 2 * size.width(), 3)
    for colour in theme.curves[:2]:
        near = np.abs(picture - rgb(colour)).max(axis=2) < 40
        assert near.any(axis=0).mean() > 0.7
    assert painted(picture, theme.panel).mean() > 0.2


def test_an_svg_has_curves_and_words_that_can_be_edited(shown: Shown, tmp_path: Path) -> None:
    plots = shown(scene_of(Experiment(lines=2)))
    exported(plots, tmp_path / "seen.svg")
    drawing = ET.parse(tmp_path / "seen.svg").getroot()
    names = [element.tag.rpartition("}")[2] for element in drawing.iter()]
    words = {"".join(element.itertext()) for element in drawing.iter() if element.tag.endswith("text")}
    assert {"Conductance (µS)", "Current (µA)", "Voltage (mV)", "Time (ms)"} <= words
    assert "image" not in names
    strokes = {element.get("stroke", "").upper() for element in drawing.iter()}
    assert set(LIGHT.curves[:2]) <= strokes


def test_a_table_has_every_sample_that_is_seen_and_no_other(shown: Shown, tmp_path: Path) -> None:
    plots = shown(scene_of(Experiment(lines=2, steps=1000)))
    plots.span = 0.3
    QApplication.processEvents()
    told = exported(plots, tmp_path / "seen.csv")
    with (tmp_path / "seen.csv").open(encoding="utf-8", newline="") as file:
        head, *rows = csv.reader(file)
    assert head == ["line", "time (s)", "conductance (S)", "voltage (V)", "current (A)"]
    assert told == f"{tmp_path / 'seen.csv'} was written with {len(rows)} samples"
    assert not list(tmp_path.glob("*.part"))
    first = [row for row in rows if row[0] == "T0 → T2"]
    assert len(first) == len(rows) / 2 == 300
    numbers = np.array([row[1:] for row in first], dtype=float)
    assert numbers[:, 0] == pytest.approx(0.7 + 1e-3 * np.arange(300) + 5e-4)
    assert numbers[:, 1:] == pytest.approx(np.tile([1e-5, 0.5, 5e-6], (300, 1)))


def test_a_table_leaves_out_hidden_lines_and_what_is_not_known(shown: Shown, tmp_path: Path) -> None:
    plots = shown(scene_of(Experiment(lines=2, level=0.0)))
    plots._legend._hide(frozenset({0}))
    exported(plots, tmp_path / "seen.csv")
    with (tmp_path / "seen.csv").open(encoding="utf-8", newline="") as file:
        _, *rows = csv.reader(file)
    assert {row[0] for row in rows} == {"T1 → T2"}
    assert {(row[2], row[3], row[4]) for row in rows} == {("", "0.0", "0.0")}


@pytest.mark.parametrize("kind", ["png", "svg", "csv"])
def test_a_place_that_cannot_be_written_is_told(shown: Shown, tmp_path: Path, kind: str) -> None:
    plots = shown(scene_of(Experiment()))
    path = tmp_path / "missing" / f"seen.{kind}"
    assert exported(plots, path).startswith(f"{path} could not be written: ")


def test_another_kind_of_file_is_refused(shown: Shown, tmp_path: Path) -> None:
    plots = shown(scene_of(Experiment()))
    with pytest.raises(UsageError, match=r"\.png, \.svg or \.csv, not as '\.pdf'"):
        plots.export(tmp_path / "seen.pdf")
