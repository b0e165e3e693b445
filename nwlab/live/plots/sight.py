"""What of a scene is seen, and how."""

from __future__ import annotations

from nwlab.live.look.sizes import Sizes
from nwlab.live.look.theme import Theme
from nwlab.live.plots.kinds import KINDS, RESIDUAL
from nwlab.live.plots.panel import Panel
from nwlab.live.plots.side import Side
from nwlab.live.plots.stretch import Stretch
from nwlab.live.scene.detail import Close
from nwlab.live.scene.line import Line
from nwlab.live.scene.scene import Scene


class Sight:
    """A stretch of a scene, its plots, and which lines are hidden."""

    def __init__(self, theme: Theme, sizes: Sizes) -> None:
        self.theme, self.sizes = theme, sizes
        self.stretch = Stretch()
        self.scene = Scene()
        self.hidden: frozenset[int] = frozenset()  # numbers of lines
        self.close: Close | None = None  # lines as the record has them
        self.hint = ""  # for whoever looks
        self.sides = {kind: Side() for kind in KINDS}
        self.version = self.turn = 0  # count what was shown, and pictures
        self._scale = "linear"
        self._panels = _panels(self._scale)

    def show(self, scene: Scene) -> None:
        """Show a scene as it is now, which may be another one than before."""
        if scene is not self.scene:
            self.scene, self.close, self.hint = scene, None, ""
            self._panels = _panels(self._scale)
        self.version += 1
        self.stretch.follow_to(scene.now, is_over=scene.progress.end is not None)

    @property
    def scale(self) -> str:
        """How conductance is plotted, one of `SCALES`."""
        return self._scale

    @scale.setter
    def scale(self, name: str) -> None:
        self._scale = name
        for panel in self._panels:
            panel.set_scale(name)

    @property
    def panels(self) -> tuple[Panel, ...]:
        """The plots that are seen, from above; residuals once there are any."""
        expected = any(line.residual.samples for line in self.scene.lines.values())
        return tuple(panel for panel in self._panels if panel.kind is not RESIDUAL or expected)

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines that are not hidden, as the record has them where that has been looked at."""
        near = {} if self.near is None else self.near.lines
        seen = ((pair, line) for pair, line in self.scene.lines.items() if line.number not in self.hidden)
        return tuple(near.get(pair, line) for pair, line in seen)

    @property
    def near(self) -> Close | None:
        """What the record has, if that is all that is seen."""
        close, stretch = self.close, self.stretch
        return close if close is not None and close.holds(stretch.begin, stretch.end) else None

    @property
    def is_late(self) -> bool:
        """Whether a plot has waited for the next picture."""
        return any(panel.version != self.version for panel in self.panels)

    def look_again(self) -> None:
        """Fit all plots to what is seen now."""
        for panel in self._panels:
            panel.look_again()

    def home(self) -> None:
        """Show what is newest, and all of its values."""
        self.stretch.follow = True
        for panel in self._panels:
            panel.heights.automatic = True
        self.show(self.scene)
        self.look_again()


def _panels(scale: str) -> tuple[Panel, ...]:
    panels = tuple(Panel(kind) for kind in KINDS)
    for panel in panels:
        panel.set_scale(scale)
    return panels
