"""Windows without a screen."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any

import pytest

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")


@pytest.fixture(scope="session")
def app() -> object:
    from PySide6.QtWidgets import QApplication

    return QApplication.instance() or QApplication([])


@pytest.fixture
def shown(app: Any) -> Iterator[Callable[..., Any]]:
    """Shows a scene in plots of their own, as a window would."""
    from nwlab.live.plots import PlotArea
    from nwlab.live.theme import LIGHT

    made: list[PlotArea] = []

    def show(scene: Any, theme: Any = LIGHT, sizes: Any = None) -> PlotArea:
        plots = PlotArea(theme, sizes)
        made.append(plots)
        plots.resize(900, 700)
        plots.show()
        plots.show_scene(scene)
        app.processEvents()
        return plots

    yield show
    for plots in made:
        plots.end()
        plots.close()
