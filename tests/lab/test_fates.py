"""Whatever becomes of a window, its run measures the same and ends at the same time."""

from __future__ import annotations

import sys

import pytest
from lab.fates import FATES, Fate, closed, played, soon, state

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timed,
    pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc"),
]

SECONDS, SPEED = 24.0, 4.0


@pytest.fixture(scope="module")
def fates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Fate]:
    folder = tmp_path_factory.mktemp("fates")
    return {fate: played(folder / fate, fate, SECONDS, SPEED) for fate in FATES}


def test_a_window_killed_frozen_or_absent_changes_no_bit(fates: dict[str, Fate]) -> None:
    alone = fates["absent"]
    assert alone.told["samples"] == 2600
    for fate, found in fates.items():
        assert found.code == found.told["exit"] == 0, fate
        assert found.blocks == alone.blocks, fate
        assert found.journal == alone.journal, fate


def test_nor_how_long_the_run_takes(fates: dict[str, Fate]) -> None:
    """Twice as long is what a busy computer may make of it; a run that waited for its window would take for ever."""
    for fate, found in fates.items():
        assert SECONDS / SPEED - 1.0 < found.took < 2 * SECONDS / SPEED, fate
        assert found.parted < 8.0 + 2 * fates["absent"].parted, fate


def test_the_run_tells_of_a_window_that_died_and_buries_it(fates: dict[str, Fate]) -> None:
    killed = fates["killed"]
    assert "nwlab: the window was ended by signal 9; the run goes on, open it again with: nwlab live" in killed.errors
    assert killed.window is not None
    assert state(killed.window) == ""
    assert "the window" not in fates["frozen"].errors + fates["open"].errors


def test_a_window_outlives_its_run_and_ends_when_it_is_closed(fates: dict[str, Fate]) -> None:
    """Also a frozen one: Linux thaws and hangs up what is frozen and has lost its parent."""
    for fate in ("open", "frozen"):
        window = fates[fate].window
        assert window is not None
        soon(lambda window=window: state(window) in ("S", "R"))
        assert closed(window)
