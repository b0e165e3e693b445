"""The whole table of the README, in the slow tier; three chips of it are in the default one."""

from __future__ import annotations

import pytest
from soak import programming


@pytest.mark.slow
def test_a_twin_saves_pulses_and_comes_closer_on_fifty_unknown_chips(capsys: pytest.CaptureFixture[str]) -> None:
    assert programming.main([]) == 0
    assert "at target" in capsys.readouterr().out
