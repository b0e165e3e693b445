"""What every test finds: locks of instruments that no other program shares."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest


@pytest.fixture(autouse=True, scope="session")
def own_locks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("locks")
    os.environ["NWLAB_LOCKS"] = str(folder)
    yield folder
    del os.environ["NWLAB_LOCKS"]
