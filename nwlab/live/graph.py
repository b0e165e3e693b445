"""The only door to pyqtgraph, which has no types."""

from __future__ import annotations

import importlib
from typing import Any

pg: Any = importlib.import_module("pyqtgraph")
