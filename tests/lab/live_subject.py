"""A window that says on stdout what stands in it, each time that changes."""

from __future__ import annotations

import sys

from PySide6.QtWidgets import QLabel, QPushButton

from nwlab import cli
from nwlab.live import app
from nwlab.live.window import LiveWindow


class Telling(LiveWindow):
    _told = ""

    def tick(self) -> None:
        super().tick()
        texts = (label.text() for label in self.banner.findChildren(QLabel))
        commands = (button.toolTip() for button in self.banner.findChildren(QPushButton))
        told = " | ".join([self.windowTitle(), *texts, *commands])
        if told != self._told:
            self._told = told
            print(told, flush=True)


app.LiveWindow = Telling  # type: ignore[misc]

if __name__ == "__main__":
    cli.main(sys.argv[1:])
