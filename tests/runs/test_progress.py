"""What a person sees while a run goes on."""

from __future__ import annotations

import contextlib
import io

import numpy as np
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.clock import VirtualClock
from nwlab.core.errors import WireError
from nwlab.core.events import Outline, Subscriber
from nwlab.runs.player import play
from nwlab.runs.progress import Progress


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def watch(stream: io.StringIO, *, duration: float | None = None, fail_at: int | None = None) -> str:
    """Play 100 s in two drives on a chip at twenty times its speed."""
    clock = VirtualClock()
    progress: Subscriber = Progress(stream, clock)

    def pass_time(block: int) -> None:
        clock.sleep(0.5)
        if block == fail_at:
            raise WireError("lost")

    chip = OhmicChip(block=10, at_block=pass_time)
    drives = several(volts(np.full(50, 0.2), 1.0), volts(np.full(50, 0.3), 1.0))
    with contextlib.suppress(WireError):
        play(drives, chip, (progress,), outline=Outline(duration=duration), label=lambda: "2 pulses")
    return stream.getvalue()


def test_terminal_shows_share_time_left_samples_and_conductance() -> None:
    text = watch(Terminal(), duration=100.0)
    half = text.split("\r")[5]
    assert "50 %" in half
    assert "2 s left" in half
    assert "2 pulses" in half
    assert "50 samples" in half
    assert "100 uS" in half
    assert text.endswith("finished: 100 samples, 1 min 40 s on the chip, in 5 s\n")


def test_without_a_dry_run_the_time_played_is_told() -> None:
    text = watch(Terminal())
    assert "%" not in text
    assert "50 s played" in text


def test_log_gets_few_whole_lines() -> None:
    text = watch(io.StringIO(), duration=100.0)
    assert "\r" not in text
    assert text.count("\n") == 1


def test_failure_is_the_last_word() -> None:
    assert watch(io.StringIO(), fail_at=3).startswith("failed: 30 samples")
