"""Windows without a screen, and settings that are nobody's."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

os.environ["QT_QPA_PLATFORM"] = "offscreen"  # before Qt is imported

from PySide6.QtCore import QSettings
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QApplication, QWidget

_KEPT: list[QWidget] = []
"""Closed windows: whichever thread happens to collect garbage must not be the one that destroys them."""


@pytest.fixture(scope="session")
def app() -> QApplication:
    """The one application that a process can have."""
    application = QApplication(["nwlab"])
    application.setStyle("Fusion")
    return application


@pytest.fixture(autouse=True)
def fresh(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[None]:
    """Settings, fonts and colours as on a new computer; windows that a test left open are closed."""
    if "app" not in request.fixturenames:
        yield
        return
    application: QApplication = request.getfixturevalue("app")
    QSettings.setPath(QSettings.Format.IniFormat, QSettings.Scope.UserScope, str(tmp_path / "settings"))
    application.setFont(QFont("DejaVu Sans", 10))
    application.setPalette(application.style().standardPalette())
    yield
    for window in application.topLevelWidgets():
        window.close()
        _KEPT.append(window)
    application.processEvents()


@pytest.fixture
def shown(app: Any) -> Iterator[Callable[..., Any]]:
    """Shows a scene in plots of their own, as a window would."""
    from nwlab.live.look.theme import LIGHT
    from nwlab.live.plots.plots import PlotArea

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
