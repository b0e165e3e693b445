"""`nwlab run --twin`: real processes; whatever becomes of the twin, the run is the same."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from twin.beside import Beside

import nwlab
from nwlab.core.errors import UsageError
from nwlab.core.events import DriveFinished, Event, Expected, Noted
from nwlab.lab.apart import environment
from nwlab.lab.opening import open_bench, open_model
from nwlab.lab.places import find
from nwlab.lab.running import Playing, load_protocol, twin_beside, twin_order
from nwlab.lab.twin_link import TwinLink
from nwlab.lab.twin_process import Patience
from nwlab.model.chips.simple import TwoTerminalChip
from nwlab.runs.following import Follower
from nwlab.runs.recording import Run, load_run
from nwlab.twin.order import TwinOrder

PROTOCOL = """\
name = "held"
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "3.6 V"
duration = "{duration} s"
sample = "100 ms"
compliance = "1 mA"
"""


LATE = 5.0
"""s after which a twin skips."""


def start(folder: Path, *words: str, duration: float = 80) -> subprocess.Popen[str]:
    (folder / "held.toml").write_text(PROTOCOL.format(duration=duration), encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "nwlab",
        "run",
        "held.toml",
        "--chip",
        "stochastic-2025",
        "--model",
        "--json",
        "--no-picture",
    ]
    return subprocess.Popen(
        [*command, "--seed", "4", "--speed", "20", *words],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def events_of(folder: Path) -> list[Event]:
    with Follower(folder) as follower:
        return follower.poll(10**9)


def twin_of(run: subprocess.Popen[str], folder: Path) -> int:
    """Wait until it is ready and the run goes on; return the twin's process."""
    end = time.monotonic() + 60
    while not list(folder.glob("runs/*/blocks.bin")):
        assert time.monotonic() < end, run.communicate()
        time.sleep(0.02)
    children = Path(f"/proc/{run.pid}/task/{run.pid}/children").read_text().split()
    (twin,) = (int(pid) for pid in children if b"twin" in Path(f"/proc/{pid}/cmdline").read_bytes())
    return twin


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The same run without a twin."""
    folder = tmp_path_factory.mktemp("alone")
    return load_run(folder / json.loads(start(folder).communicate(timeout=60)[0])["run"])


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("fate", ["left alone", "killed", "stopped"])
def test_what_becomes_of_a_twin_does_not_touch_its_run(tmp_path: Path, fate: str, alone: Run) -> None:
    run = start(tmp_path, "--twin", "stochastic-2025")
    twin = twin_of(run, tmp_path)
    if fate != "left alone":
        os.kill(twin, signal.SIGKILL if fate == "killed" else signal.SIGSTOP)
    told = json.loads(run.communicate(timeout=60)[0])
    assert (run.returncode, told["status"], told["samples"]) == (0, "finished", 800)
    assert not Path(f"/proc/{twin}").exists()
    events = events_of(tmp_path / told["run"])
    notes = {event.kind: event.content for event in events if isinstance(event, Noted)}
    expected = [event for event in events if isinstance(event, Expected)]
    ours = load_run(tmp_path / told["run"]).rows()
    np.testing.assert_array_equal(ours.current, alone.rows().current)
    if fate == "left alone":
        assert sum(event.mean.shape[0] for event in expected) == 800
        assert notes["twin"]["residuals"] == 800
    elif fate == "killed":
        assert notes["subscriber failed"]["error"] == "its process was ended by signal 9"
    else:
        assert notes["dropped"]["subscriber"] == "twin"


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_a_twin_that_falls_behind_skips_to_catch_up_and_says_so(tmp_path: Path) -> None:
    run = start(tmp_path, "--twin", "stochastic-2025", duration=240)
    twin = twin_of(run, tmp_path)
    time.sleep(1.0)
    os.kill(twin, signal.SIGSTOP)
    time.sleep(LATE + 1.5)
    os.kill(twin, signal.SIGCONT)
    told = json.loads(run.communicate(timeout=60)[0])
    assert (run.returncode, told["status"], told["samples"]) == (0, "finished", 2400)
    events = events_of(tmp_path / told["run"])
    (skipped,) = (
        event.content["samples"] for event in events if isinstance(event, Noted) and event.kind == "twin skipped"
    )
    assert isinstance(skipped, int)
    assert 200 * LATE < skipped < 2000
    # What came before and after is expected, and nothing else; the last readings are.
    expected = np.concatenate(
        [event.first + np.arange(event.mean.shape[0]) for event in events if isinstance(event, Expected)]
    )
    assert expected.size + skipped == 2400
    assert np.count_nonzero(np.diff(expected) > 1) == 1
    assert expected[-1] == 2399


def children_of(run: subprocess.Popen[str]) -> list[int]:
    """Processes of twins, once there is one."""
    place, end = Path(f"/proc/{run.pid}/task/{run.pid}/children"), time.monotonic() + 60
    while time.monotonic() < end:
        children = [int(pid) for pid in place.read_text().split()]
        if twins := [pid for pid in children if b"nwlab.twin" in Path(f"/proc/{pid}/cmdline").read_bytes()]:
            return twins
        time.sleep(0.02)
    raise AssertionError("no twin was started")


def test_a_run_that_nothing_paces_has_all_that_its_twin_tells(tmp_path: Path) -> None:
    (tmp_path / "slow.toml").write_text(SLOW.replace("2000", "1323"), encoding="utf-8")
    protocol = load_protocol(tmp_path / "slow.toml")
    with open_model("stochastic-2025", seed=4) as chip:
        playing = Playing(protocol, chip, tmp_path)
        with twin_beside(playing.folder, twin_order(protocol, "stochastic-2025")) as twin:
            playing.play(twin=twin)
    events = events_of(playing.folder)
    notes = {event.kind: event.content for event in events if isinstance(event, Noted)}
    assert sum(event.mean.shape[0] for event in events if isinstance(event, Expected)) == 2100
    assert notes["twin"]["residuals"] == 2100
    assert not {"dropped", "twin skipped", "subscriber failed"} & set(notes)


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
@pytest.mark.parametrize("fate", ["Ctrl-C", "nwlab stop", "killed"])
def test_a_twin_that_is_far_behind_is_waited_for_until_somebody_has_enough(tmp_path: Path, fate: str) -> None:
    """What was measured is kept and the run is finished all the same."""
    run = start(tmp_path, "--twin", "stochastic-2025", "--speed", "1e6", duration=10_000)
    assert run.stderr is not None
    said = ""
    while "still works on it" not in said:
        line = run.stderr.readline()
        assert line, said
        said += line
    (twin,), (folder,) = children_of(run), list(tmp_path.glob("runs/*"))
    if fate == "killed":
        os.kill(twin, signal.SIGKILL)
    elif fate == "Ctrl-C":
        run.send_signal(signal.SIGINT)
    else:
        (folder / ".stop").write_text("{}")
    told = json.loads(run.communicate(timeout=60)[0])
    assert (run.returncode, told["status"], told["samples"]) == (0, "finished", 100_000)
    assert told["twin"]["lost"] == (
        "its process was ended by signal 9"
        if fate == "killed"
        else "it was behind when the run ended, and was not waited for to the end"
    )
    assert not Path(f"/proc/{twin}").exists()
    assert not (folder / ".stop").exists()


def test_a_twin_that_does_not_start_says_how_it_ended_and_leaves_no_folder(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    with (
        pytest.raises(UsageError, match="did not start: its process left with code 1"),
        twin_beside(folder, TwinOrder(str(tmp_path / "none.toml"))),
    ):
        raise AssertionError("it has started")
    assert not folder.exists()
    said = capfd.readouterr().err
    assert "nwlab: twin of" in said
    assert "Traceback" not in said


def test_what_a_twin_tells_that_cannot_be_read_is_on_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    speaker = tmp_path / "speaker"
    ready = json.dumps({"kind": "twin ready", "content": {}, "bytes": 0})
    speaker.write_text(f"#!/bin/sh\necho '{ready}'\necho 'a law that prints'\nsleep 60\n", encoding="utf-8")
    speaker.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(speaker))
    link = TwinLink(TwinOrder("chip.toml"), tmp_path, environment())
    link(DriveFinished(0))
    link.close()
    complaint = link.complaint()
    assert complaint is not None
    assert complaint.kind == "subscriber failed"
    assert "what it tells cannot be read (JSONDecodeError" in str(complaint.content["error"])


@pytest.mark.parametrize(
    ("patience", "why"),
    [
        (Patience(ready=0.2), "it still compiles its model after 200 ms"),
        (Patience(loading=0.2), "nothing was heard of it for 200 ms"),
    ],
)
def test_a_twin_that_is_not_ready_in_time_is_told_from_a_dead_one(tmp_path: Path, patience: Patience, why: str) -> None:
    order = TwinOrder(str(find("chip", "stochastic-2025").resolve()))
    with pytest.raises(UsageError, match=f"not ready in time: {why}; nothing was played"):
        TwinLink(order, tmp_path, environment(), patience=patience)


@pytest.mark.slow
def test_a_twin_that_has_to_compile_gives_signs_of_life(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path / "empty"))
    begun = time.monotonic()
    order = TwinOrder(str(find("chip", "stochastic-2025").resolve()))
    link = TwinLink(order, tmp_path, environment(), patience=Patience(loading=10.0))
    assert time.monotonic() - begun > 10.0
    assert "is made ready: its model is compiled" in capfd.readouterr().err
    link.close()


@pytest.mark.skipif(sys.platform != "linux", reason="processes are looked up in /proc")
def test_an_interrupt_while_a_twin_is_made_ready_leaves_nothing_behind(tmp_path: Path) -> None:
    run = start(tmp_path, "--twin", "stochastic-2025")
    (twin,) = children_of(run)
    run.send_signal(signal.SIGINT)
    said = run.communicate(timeout=60)[1]
    assert run.returncode == 130, said
    assert "Traceback" not in said
    assert not Path(f"/proc/{twin}").exists()
    assert not list(tmp_path.glob("runs/*"))


CHANGING = """
from dataclasses import replace

import numpy as np

import nwlab
from nwlab.model.film import Mean
from nwlab.model.two_terminal_film import TwoTerminalFilm


class Changing:
    \"\"\"The stochastic chip, whose noise, rates, jumps and attractor are others after a while.\"\"\"

    parameters = {"after": "s", "noise": "1", "theta": "1", "rate": "1", "up": "1", "down": "1"}

    def __init__(self, terminals, seed, noisy, after, noise, theta, rate, up, down):
        chip = nwlab.load_chip("stochastic-2025").matter
        law = chip.rates
        jumps = replace(law.jumps, rate=rate * law.jumps.rate)
        rates = {"kp0": theta * up * law.kp0, "kd0": theta * down * law.kd0}
        self.later = replace(law, noise=noise * law.noise, jumps=jumps, **rates)
        self.terminals, self.seed, self.left = terminals, seed, after
        self.film = TwoTerminalFilm(law, chip.start, seed)

    def advance(self, circuit, duration):
        mean = self.film.advance(circuit, duration)
        self.left -= duration
        if self.left < 0 and self.later is not None:
            self.film = TwoTerminalFilm(self.later, float(self.film.conductances()[0]), self.seed + 1)
            self.later = None
        return mean

    def conductances(self):
        return self.film.conductances()
"""
CHIP = """
name = "changing"
terminals = ["A", "B"]
seed = 21
[limits]
voltage = "5 V"
current = "1 mA"
[model]
kind = "changing.py:Changing"
[model.parameters]
after = "700 s"
{changed}
"""
SLOW = PROTOCOL.replace("100 ms", "630 ms").format(duration=2000)


def higher(steps: float) -> dict[str, float]:
    """Move the attractor at 3.6 V by so many standard deviations of a step, θ as it was."""
    matter = nwlab.load_chip("stochastic-2025").matter
    assert isinstance(matter, TwoTerminalChip)
    law, shift = matter.rates, steps * matter.rates.noise * 0.63**0.5
    goal = float(law.attractor(3.6))
    return {"up": 1 + shift / goal, "down": 1 - shift / (1 - goal)}


NOTHING = {"noise": 1.0, "theta": 1.0, "rate": 1.0, "up": 1.0, "down": 1.0}
CHANGES = {"σ": {"noise": 1.5}, "θ": {"theta": 2.0}, "jump rate": {"rate": 3.0}, "mean": higher(10), "nothing": {}}


@pytest.mark.slow
@pytest.mark.parametrize("what", CHANGES)
def test_what_changes_on_the_virtual_bench_is_named(
    tmp_path: Path, what: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Through instruments, with the twin in this process, which needs not wait for it then."""
    (tmp_path / "slow.toml").write_text(SLOW, encoding="utf-8")
    (tmp_path / "changing.py").write_text(CHANGING, encoding="utf-8")
    numbers = "\n".join(f"{name} = {value}" for name, value in (NOTHING | CHANGES[what]).items())
    (tmp_path / "changing.toml").write_text(CHIP.format(changed=numbers), encoding="utf-8")
    with open_bench("virtual", chip=tmp_path / "changing.toml", seed=21) as bench:
        playing = Playing(load_protocol(tmp_path / "slow.toml"), bench, tmp_path)
        playing.play(twin=Beside(str(find("chip", "stochastic-2025"))))
    notes = [event for event in events_of(playing.folder) if isinstance(event, Noted)]
    named = [note.content for note in notes if note.kind == "alarm" and "what" in note.content]
    others = {content["what"] for content in named} - {what}
    assert len(others) <= (what != "nothing")  # one window in twenty names something else, as promised
    if what != "nothing":
        delay = next(content["step"] for content in named if content["what"] == what) - 700 / 0.63  # type: ignore[operator]
        with capsys.disabled():
            print(f"\n{what}: named {delay:.0f} samples after it changed; {len(others)} other names")
        assert 0 < delay < 2000


@pytest.mark.slow
@pytest.mark.parametrize("seed", [2, 3])
def test_calibration_of_a_benchs_meters_raises_no_drift_alarms(tmp_path: Path, seed: int) -> None:
    """The instruments of these seeds read off to one side; once in ten thousand samples an alarm may be false."""
    twin = Beside(str(find("chip", "stochastic-2025")))
    with open_bench("virtual", seed=seed) as bench:
        Playing(load_protocol("stochastic", count="4000"), bench, tmp_path).play(twin=twin)
    tally = twin.companion.tally
    assert tally.residuals >= 4000
    assert sum(times for kind, times in tally.alarms.items() if kind in ("above", "below", "spread")) <= 1
    assert 0.001 < tally.told()["share beyond 3"] < 0.006  # type: ignore[operator]


@pytest.mark.parametrize("compliance", ["10 uA", "100 uA", "1 mA"])
def test_readings_on_a_range_that_is_too_wide_raise_no_alarms(tmp_path: Path, compliance: str) -> None:
    """Between 3.6 V and 0.2 V the offset of a range moves conductances by more than the film does."""
    twin = Beside(str(find("chip", "stochastic-2025")))
    with open_bench("virtual", seed=3) as bench:
        Playing(load_protocol("pulses", count="200", compliance=compliance), bench, tmp_path).play(twin=twin)
    tally = twin.companion.tally
    assert tally.residuals == 400
    assert not tally.alarms
    assert 0.75 < tally.told()["root mean square"] < 1.1  # type: ignore[operator]
    assert tally.told()["share beyond 3"] < 0.01  # type: ignore[operator]


@pytest.mark.parametrize("kind", ["sum", "gain", "off"])
def test_each_filter_follows_and_is_on_record(tmp_path: Path, kind: str) -> None:
    run = start(tmp_path, "--twin", "stochastic-2025", "--twin-filter", kind, duration=20)
    told = json.loads(run.communicate(timeout=60)[0])
    assert run.returncode == 0
    folder = tmp_path / told["run"]
    events = events_of(folder)
    (ready,) = (event.content for event in events if isinstance(event, Noted) and event.kind == "twin ready")
    assert ready["filter"] == load_run(folder).info.opened["twin_filter"] == kind
    assert ready["corrects by"]
    expected = [event for event in events if isinstance(event, Expected)]
    assert sum(event.mean.shape[0] for event in expected) == 200
    assert np.isfinite(np.concatenate([event.mean for event in expected])).all()
