"""Libraries of the system that Qt needs, and the packages that bring them on Debian and Ubuntu."""

from __future__ import annotations

import re

PACKAGES = {
    "libEGL": "libegl1",
    "libGL": "libgl1",
    "libGLX": "libgl1",
    "libOpenGL": "libopengl0",
    "libX11": "libx11-6",
    "libX11-xcb": "libx11-xcb1",
    "libdbus-1": "libdbus-1-3",
    "libfontconfig": "libfontconfig1",
    "libfreetype": "libfreetype6",
    "libglib-2.0": "libglib2.0-0",
    "libgthread-2.0": "libglib2.0-0",
    "libxcb": "libxcb1",
    "libxcb-cursor": "libxcb-cursor0",
    "libxcb-icccm": "libxcb-icccm4",
    "libxcb-image": "libxcb-image0",
    "libxcb-keysyms": "libxcb-keysyms1",
    "libxcb-randr": "libxcb-randr0",
    "libxcb-render": "libxcb-render0",
    "libxcb-render-util": "libxcb-render-util0",
    "libxcb-shape": "libxcb-shape0",
    "libxcb-shm": "libxcb-shm0",
    "libxcb-sync": "libxcb-sync1",
    "libxcb-util": "libxcb-util1",
    "libxcb-xfixes": "libxcb-xfixes0",
    "libxcb-xkb": "libxcb-xkb1",
    "libxkbcommon": "libxkbcommon0",
    "libxkbcommon-x11": "libxkbcommon-x11-0",
    "libwayland-client": "libwayland-client0",
    "libwayland-cursor": "libwayland-cursor0",
    "libwayland-egl": "libwayland-egl1",
}
"""Package of each library, whose name stands here without `.so` and what follows."""
EVERYTHING = (
    "libegl1 libgl1 libglib2.0-0 libxkbcommon0 libdbus-1-3 libfontconfig1 "
    "libxcb-cursor0 libxcb-icccm4 libxcb-keysyms1 libxkbcommon-x11-0 libxcb-shape0"
)
"""What a bare Debian 12 lacks for a window."""
_MISSING = re.compile(r"(lib[\w.+-]+?)(\.so[\w.]*): cannot open shared object file")


def missing(text: str) -> str:
    """Return the file name of the library that the system's loader complains of; empty when it does not."""
    found = _MISSING.search(text)
    return "".join(found.groups()) if found else ""


def remedy(library: str) -> str:
    """Return what brings a missing library, with all else that a bare system may lack."""
    package = PACKAGES.get(library.partition(".so")[0])
    install = f"sudo apt-get install {EVERYTHING}"
    if package is None:
        return f"on Debian and Ubuntu, try: {install}"
    others = "" if package in EVERYTHING.split() else f" {package}"
    return f"it is in the package {package}; on Debian and Ubuntu: {install}{others}"
