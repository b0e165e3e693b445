"""What the window remembers from one time to the next."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import QByteArray, QSettings

from nwlab.live.look.sizes import Sizes

SPANS: Mapping[float | None, str] = {
    None: "everything",
    5.0: "last 5 s",
    30.0: "last 30 s",
    120.0: "last 2 min",
    600.0: "last 10 min",
    3600.0: "last hour",
}
"""Lengths in s of the stretch of time that is shown while following."""
SCALES = {"linear": "linear (S)", "log": "logarithmic (S)", "G0": "in units of G₀"}
"""Scales of conductance."""
THEMES = {"system": "as the system", "light": "light", "dark": "dark"}
"""What decides about the colours."""


class Memory:
    """Settings of the person who sits here, kept by the system; whatever stands in them, there is an answer."""

    def __init__(self) -> None:
        self._settings = QSettings(QSettings.Format.IniFormat, QSettings.Scope.UserScope, "nwlab", "live")

    @property
    def theme(self) -> str:
        """One of `THEMES`."""
        return self._choice("theme", THEMES)

    @theme.setter
    def theme(self, name: str) -> None:
        self._settings.setValue("theme", name)

    @property
    def scale(self) -> str:
        """One of `SCALES`."""
        return self._choice("scale", SCALES)

    @scale.setter
    def scale(self, name: str) -> None:
        self._settings.setValue("scale", name)

    @property
    def span(self) -> float | None:
        """S that are shown when following; None = all."""
        span = self._number("span", 0.0)
        return span if span > 0 else None

    @span.setter
    def span(self, span: float | None) -> None:
        self._settings.setValue("span", 0.0 if span is None else span)

    @property
    def sizes(self) -> Sizes:
        """How large everything is."""
        base = self._number("size", Sizes().base)
        return Sizes(base) if Sizes(base).smaller().base < base < Sizes(base).larger().base else Sizes()

    @sizes.setter
    def sizes(self, sizes: Sizes) -> None:
        self._settings.setValue("size", sizes.base)

    def layout(self, name: str) -> QByteArray | None:
        """Return how a window or splitter lay; None when nothing is known."""
        state = self._settings.value(f"layout/{name}")
        return state if isinstance(state, QByteArray) and not state.isEmpty() else None

    def keep_layout(self, name: str, state: QByteArray) -> None:
        """Remember how a window or splitter lies."""
        self._settings.setValue(f"layout/{name}", state)

    def _choice(self, name: str, known: Mapping[str, str]) -> str:
        found = self._settings.value(name)
        return found if isinstance(found, str) and found in known else next(iter(known))

    def _number(self, name: str, default: float) -> float:
        try:
            return float(str(self._settings.value(name, default)))
        except ValueError:
            return default
