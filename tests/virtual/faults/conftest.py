from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest
from virtual.faults.parrots import Aviary, MakeAviary


@pytest.fixture
def aviary(tmp_path: Path) -> MakeAviary:
    return partial(Aviary, tmp_path)
