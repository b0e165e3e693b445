"""Windows on runs, opened from the window that starts them: programs of their own, so that none waits for another."""

from __future__ import annotations

from pathlib import Path

from nwlab.live.run.wording import Mood, Told
from nwlab.live.start.program import Program


class Viewers:
    """One window for each run that is looked at; they stay when the window that opened them is closed."""

    def __init__(self) -> None:
        self._open: dict[Path, Program] = {}
        self._let_go: set[Path] = set()  # whose windows were asked to end
        self._following: Path | None = None  # the run that is played and shown

    @property
    def follows(self) -> bool:
        """Whether a person has left the window open that shows what is played."""
        return self._following in self._open

    def show(self, folder: Path) -> bool:
        """Show the run in a folder; returns False when it is shown already. Raises OSError when that cannot be."""
        if folder in self._open:
            return False
        self._let_go.discard(folder)
        # As for a run that opens its window itself, whose record may have no line yet.
        self._open[folder] = Program(["live", str(folder), "--of-run"])
        return True

    def follow(self, folder: Path) -> None:
        """Show a run that has just begun, in place of the one before it; raises OSError when that cannot be."""
        before = self._following
        self.show(folder)
        self._following = folder
        if before is not None and before in self._open:
            self._end(before)

    def look(self) -> list[Told]:
        """Return what is to be told of windows that could not come up, or ended by a fault."""
        told: list[Told] = []
        for folder, program in list(self._open.items()):
            ended = program.look()
            if ended is not None:
                del self._open[folder]
                if ended.code and folder not in self._let_go:
                    how = f"was ended by signal {-ended.code}" if ended.code < 0 else f"left with code {ended.code}"
                    reason = "; ".join(ended.complaints) or f"it {how}"
                    told.append(
                        Told(Mood.ALARM, f"The window on {folder.name}: {reason}. The run is not touched by it.")
                    )
        return told

    def end(self) -> None:
        """Close all windows that are open."""
        for folder in self._open:
            self._end(folder)

    def _end(self, folder: Path) -> None:
        self._let_go.add(folder)
        self._open[folder].end()
