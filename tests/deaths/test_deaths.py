"""Real processes, real signals: whatever dies or hangs, outputs go off, relays open, and what was kept is there."""

from __future__ import annotations

import itertools
import signal
import statistics
import sys
import time
from pathlib import Path

import pytest
from deaths.scene import SIGNALS, Trial, Witness, scene, strike

from nwlab.runs.recover import recover

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="the processes are looked up in /proc")

DEATH, HANG, BLOCK, FRESH_LINKS = 10.0, 600.0, 50.0, 100.0
"""Ms until no level stands: a death (median), a hang with a heartbeat of 0.5 s (always), the end of a present block and
links that have to be made anew (medians)."""


def raised(trial: Trial) -> float:
    trial.end()
    return float((trial.folder / "raised").read_text(encoding="utf-8"))


def twice(trial: Trial) -> float:
    since = strike(trial.process.pid, signal.SIGINT)
    time.sleep(0.002)
    strike(trial.process.pid, signal.SIGINT)
    return since


def hang(trial: Trial) -> float:
    since = strike(trial.process.pid, signal.SIGSTOP)
    time.sleep(1.0)
    strike(trial.process.pid, signal.SIGCONT)
    return since


def kill_bench_process(trial: Trial) -> float:
    return strike(trial.bench_process, signal.SIGKILL)


def send(name: str):  # type: ignore[no-untyped-def]
    return lambda trial: strike(trial.process.pid, SIGNALS[name])


DEATHS = {
    "exception": (raised, 1, DEATH, ("--set", "fail=2")),
    "SIGINT": (send("SIGINT"), 130, BLOCK, ()),
    "double SIGINT": (twice, 130, DEATH, ()),
    "SIGTERM": (send("SIGTERM"), 143, DEATH, ()),
    "SIGHUP": (send("SIGHUP"), 143, DEATH, ()),
    "SIGKILL": (send("SIGKILL"), -signal.SIGKILL, DEATH, ()),
    "SIGSEGV": (send("SIGSEGV"), -signal.SIGSEGV, DEATH, ()),
    "SIGSTOP": (hang, 5, HANG, ()),
    "SIGKILL of the bench process": (kill_bench_process, 5, FRESH_LINKS, ()),
}


def die(folder: Path, kind: str) -> float:
    """Play one death and return the s until no level stood any more."""
    act, code, _, words = DEATHS[kind]
    with scene(folder) as (witness, bench):
        trial = Trial(folder / "trial", bench, *words)
        trial.wait_until_measuring()
        since = act(trial)
        assert trial.end() == code, trial.complaints()
        seconds = witness.settle(since)
        assert witness.outputs_off(), trial.complaints()
        assert witness.relays_open(), trial.complaints()
        _nothing_is_lost(trial)
        assert "NOT" not in trial.complaints()
        return seconds


def _nothing_is_lost(trial: Trial) -> None:
    kept = recover(trial.run).run
    assert kept.samples >= trial.acknowledged > 0
    assert kept.rows().current[:20] == pytest.approx(1e-4, rel=2e-3)


@pytest.mark.fault(27, "SIGKILL: outputs off and relays open within ms, every acknowledged sample in the recovered run")
@pytest.mark.fault(29, "the control program reaches the instruments over fresh links, reads them back, ends with 5")
@pytest.mark.parametrize("kind", ["SIGKILL", "SIGKILL of the bench process"])
def test_a_death_is_survived(tmp_path: Path, kind: str) -> None:
    assert die(tmp_path, kind) < 1.0


@pytest.mark.slow
@pytest.mark.fault(24, "exception in a protocol: safe state, data kept, exit code 1")
@pytest.mark.fault(25, "Ctrl-C once and twice: safe state, data kept, exit code 130")
@pytest.mark.fault(26, "SIGTERM and SIGHUP: safe state, data kept, exit code 143")
@pytest.mark.fault(27, "SIGKILL and SIGSEGV, trial after trial: off and open in all of them")
@pytest.mark.fault(28, "SIGSTOP, trial after trial: off within the heartbeat and 100 ms")
@pytest.mark.fault(29, "SIGKILL of the bench process, trial after trial: off and open over fresh links in all of them")
@pytest.mark.parametrize("kind", DEATHS)
def test_death_after_death(
    tmp_path: Path, kind: str, request: pytest.FixtureRequest, capsys: pytest.CaptureFixture[str]
) -> None:
    trials = request.config.getoption("--trials")
    times = [1e3 * die(tmp_path / str(trial), kind) for trial in range(trials)]
    with capsys.disabled():
        print(
            f"\n{kind}: off after {statistics.median(times):.1f} ms (median of {trials}), {max(times):.1f} ms at most"
        )
    limit = DEATHS[kind][2]
    assert statistics.median(times) < limit
    assert kind != "SIGSTOP" or max(times) < limit


def test_a_ramp_takes_its_time_also_after_a_death(tmp_path: Path) -> None:
    ramp = ('channel = "a"', 'channel = "a"\nsafe = { ramp = "10 V/s" }')
    with scene(tmp_path, ramp) as (witness, bench):
        trial = Trial(tmp_path / "trial", bench)
        trial.wait_until_measuring()
        since = strike(trial.process.pid, signal.SIGKILL)
        trial.end()
        seconds = witness.settle(since)
        assert 0.09 < seconds < 0.3
        assert _is_a_ramp(witness, since)
        assert witness.outputs_off()
        assert witness.relays_open()


def _is_a_ramp(witness: Witness, since: float) -> bool:
    levels = [output.level for when, channel, output in witness.outputs if when > since and channel == "a" and output]
    steps = [first - second for first, second in itertools.pairwise(levels)]
    return len([step for step in steps if step > 1e-3]) > 5 and max(steps) < 0.35
