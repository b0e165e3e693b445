"""How a run ended, in words."""

from __future__ import annotations

import shlex

from nwlab.live.run.wording import Mood, Told
from nwlab.live.start.player import Over

_UNSAFE, _INTERRUPTED, _TERMINATED = 7, 130, 143
_STOPPED = "interrupted"
_ENDS = {
    0: (Mood.GOOD, "finished"),
    2: (Mood.NOTE, "cannot be played as it was asked for"),
    3: (Mood.NOTE, "cannot be played: a file is not as it must be"),
    4: (Mood.ALARM, "was refused by a limit"),
    5: (Mood.ALARM, "failed: an instrument or its link"),
    6: (Mood.ALARM, "failed: the record could not be kept"),
    _UNSAFE: (Mood.ALARM, "SAFE STATE NOT CONFIRMED: look at the instruments before anybody touches the chip"),
    _INTERRUPTED: (Mood.NOTE, _STOPPED),
    _TERMINATED: (Mood.NOTE, "was ended by the system"),
}


def told_of(over: Over) -> Told:
    """Return what is told of a run that has ended."""
    ended, order = over.ended, over.job.order
    unknown = f"was ended by signal {-ended.code}" if ended.code < 0 else f"failed: it left with code {ended.code}"
    mood, end = _ENDS.get(ended.code, (Mood.ALARM, unknown))
    reasons = "" if ended.code == 0 else "; ".join(ended.complaints).removeprefix(f"{_STOPPED}: ")
    between = ": " if ended.code == _INTERRUPTED else ". "
    text = f"{order}: {end}" + (f"{between}{reasons}" if reasons else "")
    bench = over.job.bench
    helps = ended.code == _UNSAFE and bench is not None and not over.job.simulated
    return Told(mood, f"{text}.", shlex.join(["nwlab", "bench", "safe", str(bench)]) if helps else "")
