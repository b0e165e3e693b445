from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from nwlab.model.compiled import renew

CODE = """
import numpy as np
from nwlab.model.randomness import fill_normals, stream
fill_normals(stream(np.random.default_rng(0)), np.empty(2), 2)
"""


def _run(cache: Path) -> str:
    environment = {**os.environ, "NUMBA_CACHE_DIR": str(cache)}
    root = Path(__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", CODE], check=True, cwd=root, env=environment, capture_output=True, text=True
    )
    return done.stderr


def test_compiling_announces_itself_once_and_is_kept(tmp_path: Path) -> None:
    assert _run(tmp_path).count("compiling") == 1
    assert _run(tmp_path) == ""


def test_kept_code_is_dropped_when_any_source_has_changed(tmp_path: Path) -> None:
    """Code of one file holds functions of others: a change anywhere makes all of it old."""
    (tmp_path / "laws" / "__pycache__").mkdir(parents=True)
    source, kept = tmp_path / "laws" / "law.py", tmp_path / "laws" / "__pycache__" / "other.nbc"
    source.write_text("one = 1\n", encoding="utf-8")
    assert renew(tmp_path)
    kept.touch()
    assert not renew(tmp_path)
    assert kept.exists()
    source.write_text("one = 11\n", encoding="utf-8")
    assert renew(tmp_path)
    assert not kept.exists()
