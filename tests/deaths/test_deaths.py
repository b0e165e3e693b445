"""Real processes, real signals: whatever dies or hangs, outputs go off, relays open, and what was kept is there."""

from __future__ import annotations

import itertools
import json
import signal
import statistics
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from deaths.scene import OHM, SIGNALS, Trial, Witness, levels, scene, strike

from nwlab.runs.recover import recover

pytestmark = [
    pytest.mark.timed,
    pytest.mark.skipif(sys.platform != "linux", reason="the processes are looked up in /proc"),
]

HUNG = 3.0
"""S of silence after which a bench process is given up here: well beyond its tick, a quarter of a second."""
DEATH, BLOCK, FRESH_LINKS = (10.0, 500.0), (50.0, 1000.0), (100.0, 1500.0)
"""Ms until no level stands, median and at the most: a death, the end of a present block, links that are made anew."""
HANG, BENCH_HANG = (600.0, 1000.0), (HUNG * 1e3 + 500.0, HUNG * 1e3 + 1500.0)
"""Ms for a hang: with a heartbeat of 0.5 s, and until a bench process that says nothing is given up."""
LOCKED = 4
"""S until a protocol that waits for its own lock gives up."""


def raised(trial: Trial, _: Witness) -> float:
    trial.end()
    return float((trial.folder / "raised").read_text(encoding="utf-8"))


def locked(trial: Trial, witness: Witness) -> float:
    """A lock that is taken twice, between two drives, with a level held: the bench is safe before it is let go."""
    place = trial.folder / "raised"
    while not place.exists() or not place.read_text(encoding="utf-8"):
        time.sleep(0.01)
    since = float(place.read_text(encoding="utf-8"))
    witness.settle(since)
    assert trial.process.poll() is None
    assert time.monotonic() - since < LOCKED
    assert witness.outputs_off()
    assert witness.relays_open()
    return since


def twice(trial: Trial, _: Witness) -> float:
    since = strike(trial.process.pid, signal.SIGINT)
    time.sleep(0.002)
    strike(trial.process.pid, signal.SIGINT)
    return since


def hang(trial: Trial, witness: Witness) -> float:
    """The control program is not woken before the bench was found safe without it."""
    since = strike(trial.process.pid, signal.SIGSTOP)
    witness.settle(since)
    assert witness.outputs_off()
    assert witness.relays_open()
    strike(trial.process.pid, signal.SIGCONT)
    return since


def kill_bench_process(trial: Trial, _: Witness) -> float:
    return strike(trial.bench_process, signal.SIGKILL)


def stop_bench_process(trial: Trial, _: Witness) -> float:
    return strike(trial.bench_process, signal.SIGSTOP)


def send(name: str):  # type: ignore[no-untyped-def]
    return lambda trial, _: strike(trial.process.pid, SIGNALS[name])


DEATHS = {
    "exception": (raised, 1, DEATH, ("--set", "fail=2")),
    "SIGINT": (send("SIGINT"), 130, BLOCK, ()),
    "double SIGINT": (twice, 130, DEATH, ()),
    "SIGTERM": (send("SIGTERM"), 143, DEATH, ()),
    "SIGHUP": (send("SIGHUP"), 143, DEATH, ()),
    "SIGKILL": (send("SIGKILL"), -signal.SIGKILL, DEATH, ()),
    "SIGSEGV": (send("SIGSEGV"), -signal.SIGSEGV, DEATH, ()),
    "SIGSTOP": (hang, 5, HANG, ()),
    "deadlock": (locked, 5, HANG, ("--set", "fail=2", "--set", f"lock={LOCKED}")),
    "SIGKILL of the bench process": (kill_bench_process, 5, FRESH_LINKS, ()),
    "SIGSTOP of the bench process": (stop_bench_process, 5, BENCH_HANG, ()),
}


def die(folder: Path, kind: str) -> float:
    """Play one death and return the s until no level stood any more."""
    act, code, _, words = DEATHS[kind]
    with scene(folder) as (witness, bench):
        trial = Trial(folder / "trial", bench, *words, hung=HUNG)
        trial.wait_until_measuring()
        since = act(trial, witness)
        assert witness.standing(since) > 0.4, "the chip was not driven when it happened"
        assert trial.end() == code, trial.complaints()
        seconds = witness.settle(since)
        assert witness.outputs_off(), trial.complaints()
        assert witness.relays_open(), trial.complaints()
        assert witness.hot == []
        assert "NOT" not in trial.complaints()
        _nothing_is_lost(trial)
        if "bench process" not in kind:
            _it_was_confirmed(trial)
        return seconds


def _nothing_is_lost(trial: Trial) -> None:
    """Every row that was acknowledged is in the record, at its place, bit by bit; and each is true."""
    kept, told = recover(trial.run).run.rows(), trial.acknowledged
    count = told.shape[1]
    assert len(kept) >= count >= 20
    assert np.array_equal(np.stack([kept.voltage, kept.current])[:, :count], told)
    expected = levels(len(kept))
    np.testing.assert_allclose(kept.voltage, expected, atol=1e-3)
    np.testing.assert_allclose(kept.current, expected / OHM, atol=3e-7)


def _it_was_confirmed(trial: Trial) -> None:
    """The bench process has read the states back, and its log says so."""
    lines = [json.loads(line) for line in (trial.run / "bench.log").read_text(encoding="utf-8").splitlines()]
    (safe,) = (line for line in lines if line["what"] == "safe")
    assert safe["failures"] == []
    assert [found.partition(": ")[2] for found in safe["found"]] == ["outputs a, b off", "all relays open"]


@pytest.mark.fault(27, "SIGKILL: outputs off and relays open within ms, every acknowledged sample in the recovered run")
@pytest.mark.fault(29, "the control program reaches the instruments over fresh links, reads them back, ends with 5")
@pytest.mark.parametrize("kind", ["SIGKILL", "SIGKILL of the bench process"])
def test_a_death_is_survived(tmp_path: Path, kind: str) -> None:
    assert die(tmp_path, kind) < 1.0


@pytest.mark.slow
@pytest.mark.fault(24, "exception in a protocol: safe state, data kept, exit code 1")
@pytest.mark.fault(25, "Ctrl-C once and twice: safe state, data kept, exit code 130")
@pytest.mark.fault(26, "SIGTERM and SIGHUP: safe state, data kept, exit code 143")
@pytest.mark.fault(
    27, "SIGKILL and SIGSEGV, trial after trial: driven before, off and open after; each acknowledged row recovered"
)
@pytest.mark.fault(
    28, "SIGSTOP or a deadlock, trial after trial: off while it still hangs; within heartbeat and 100 ms by the median"
)
@pytest.mark.fault(
    29, "bench process killed or stopped, trial after trial: off and open over fresh links in all of them"
)
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
    median, most = DEATHS[kind][2]
    assert statistics.median(times) < median
    assert max(times) < most


@pytest.mark.fault(
    27, "SIGKILL with a ramp in the bench file: the level steps down at its rate before the output goes off"
)
def test_a_ramp_takes_its_time_also_after_a_death(tmp_path: Path) -> None:
    ramp = ('channel = "a"', 'channel = "a"\nsafe = { ramp = "10 V/s" }')
    with scene(tmp_path, ramp) as (witness, bench):
        trial = Trial(tmp_path / "trial", bench)
        trial.wait_until_measuring()
        since = strike(trial.process.pid, signal.SIGKILL)
        trial.end()
        assert witness.settle(since) < 0.4
        assert witness.outputs_off()
        assert witness.relays_open()
        assert witness.hot == []
        when, level = descent(witness, since)
        assert level[0] > 0.4
        assert level[0] / 10 - 0.025 < when[-1] - when[0] < level[0] / 10 + 0.15
        assert len(level) > 4
        assert max(first - second for first, second in itertools.pairwise(level)) < 0.35


def descent(witness: Witness, since: float) -> tuple[list[float], list[float]]:
    """Return times and levels of channel a's last way down to zero, from where it was kept: a level set once more."""
    way = [(when, output.level) for when, channel, output in witness.outputs if channel == "a" and output]
    end = next(index for index, (when, level) in enumerate(way) if when > since and abs(level) < 1e-2)
    begin = max(index for index in range(end) if way[index][1] in [level for _, level in way[:index]])
    return [when for when, _ in way[begin : end + 1]], [level for _, level in way[begin : end + 1]]
