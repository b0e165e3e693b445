"""How a run stands, as its folder tells whoever watches it."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from runs.ohmic import OhmicChip, several, volts

from nwlab.core.clock import Clock, SystemClock, VirtualClock
from nwlab.core.errors import FileError, Stopped
from nwlab.core.events import BlockArrived, DriveStarted, Event, Noted, RunFinished, RunStarted
from nwlab.core.record import BLOCKS, JOURNAL, MANIFEST, RunInfo
from nwlab.live.run.condition import Stage
from nwlab.live.run.safety import Safety
from nwlab.live.run.watched import BEHIND, Watched
from nwlab.runs.player import play
from nwlab.runs.recover import recover
from nwlab.runs.requests import Request, Requests, is_waiting
from nwlab.runs.runner import record_run
from nwlab.runs.store import Store

INFO = RunInfo("x", opened={"model": True})


class Eyes:
    """Somebody who looks again and again, each time a second later."""

    def __init__(self, watched: Watched, clock: VirtualClock) -> None:
        self.watched, self.clock = watched, clock

    def stage(self, looks: int = 2) -> Stage:
        for _ in range(looks):
            self.clock.sleep(1.0)
            self.watched.look()
        return self.watched.condition.stage


Watch = Callable[[Path, Clock], Watched]


@pytest.fixture
def watch() -> Iterator[Watch]:
    """Watches a run, until the test is over."""
    with ExitStack() as stack:

        def watch(folder: Path, clock: Clock) -> Watched:
            watched = Watched(folder, clock)
            stack.callback(watched.close)
            return watched

        yield watch


@pytest.fixture
def look_at(watch: Watch) -> Callable[[Path], Eyes]:
    def look_at(folder: Path) -> Eyes:
        clock = VirtualClock()
        return Eyes(watch(folder, clock), clock)

    return look_at


@pytest.fixture
def begun(tmp_path: Path, look_at: Callable[[Path], Eyes]) -> Iterator[tuple[Store, Eyes]]:
    """A run of which one drive has begun, and somebody who watches it."""
    store = Store(tmp_path / "r", INFO)
    store(RunStarted(("A", "B", "C"), 10, 1.0))
    store(DriveStarted(0, volts([1] * 10), "step"))
    yield store, look_at(tmp_path / "r")
    store.close()


def blocks(count: int) -> list[BlockArrived]:
    events: list[Event] = []
    play(several(volts([1] * count)), OhmicChip(block=1), (events.append,))
    return [event for event in events if isinstance(event, BlockArrived)]


def test_a_run_is_waited_for_and_followed_to_its_end(tmp_path: Path, look_at: Callable[[Path], Eyes]) -> None:
    (tmp_path / "r").mkdir()
    eyes = look_at(tmp_path / "r")
    assert eyes.stage() is Stage.WAITING
    stages: list[Stage] = []
    play(several(volts([1, 2])), OhmicChip(), (Store(tmp_path / "r", INFO), lambda _: stages.append(eyes.stage())))
    assert stages == [Stage.RUNNING] * 5 + [Stage.OVER]
    condition = eyes.watched.condition
    assert condition.status == "finished"
    assert condition.verdict is not None
    assert condition.verdict.safety is Safety.NOTHING
    assert eyes.watched.scene.progress.samples == 2
    assert eyes.watched.manifest["name"] == "x"


def test_a_run_that_is_nowhere_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(FileError, match="not the folder of a run"):
        Watched(tmp_path / "r")


def test_a_run_whose_program_is_gone_is_cut_off_and_stays_so(begun: tuple[Store, Eyes]) -> None:
    store, eyes = begun
    for block in blocks(3):
        store(block)
    assert eyes.stage() is Stage.RUNNING
    store.close()
    assert eyes.stage() is Stage.LOST
    assert eyes.watched.scene.progress.samples == 3
    assert eyes.watched.condition.verdict is not None
    recover(store.folder)
    assert eyes.stage() is Stage.LOST
    assert eyes.watched.condition.reason == "cut off; recovered later"


def test_what_was_written_just_before_the_end_of_the_program_is_read_first(begun: tuple[Store, Eyes]) -> None:
    store, eyes = begun
    assert eyes.stage() is Stage.RUNNING
    for event in (*blocks(3), RunFinished("finished", 0)):
        store(event)
    assert eyes.stage(1) is Stage.OVER


def test_the_process_that_held_the_instruments_vouches_for_a_dead_program(begun: tuple[Store, Eyes]) -> None:
    store, eyes = begun
    log = store.folder / "bench.log"
    words = {"at": "now", "who": "bench process", "pid": 1, "what": "safe", "cause": "gone"}
    content = {**words, "failures": [], "found": ["a, b off"], "untouched": False}
    log.write_text(json.dumps({"what": "failed", "error": "x"}) + "\n" + json.dumps(content) + "\n{torn", "utf-8")
    eyes.stage()
    store.close()
    assert eyes.stage() is Stage.LOST
    verdict = eyes.watched.condition.verdict
    assert verdict is not None
    assert (verdict.safety, verdict.text) == (Safety.CONFIRMED, "by the bench process: a, b off")
    log.write_text(json.dumps({**content, "failures": ["output a is on"]}) + "\n", "utf-8")
    eyes.stage()
    verdict = eyes.watched.condition.verdict
    assert verdict is not None
    assert (verdict.safety, verdict.text) == (Safety.NOT_CONFIRMED, "output a is on")


@pytest.mark.parametrize(
    ("content", "safety"),
    [
        ({"confirmed": True, "failures": [], "found": ["off"]}, Safety.CONFIRMED),
        ({"confirmed": False, "failures": ["a is on"], "found": []}, Safety.NOT_CONFIRMED),
        ({"confirmed": False, "failures": [], "found": ["left as found"]}, Safety.UNTOUCHED),
        ({"confirmed": "no", "failures": 3}, Safety.UNTOUCHED),
        (None, Safety.NOTHING),
    ],
)
def test_the_safe_state_is_what_the_record_says(
    begun: tuple[Store, Eyes], content: dict[str, object] | None, safety: Safety
) -> None:
    store, eyes = begun
    if content is not None:
        store(Noted("safe state", {"text": "…", **content}))
    store(RunFinished("finished", 0))
    assert eyes.stage() is Stage.OVER
    assert eyes.watched.condition.verdict is not None
    assert eyes.watched.condition.verdict.safety is safety


def test_an_exit_code_of_7_is_no_safe_state(begun: tuple[Store, Eyes]) -> None:
    store, eyes = begun
    store(RunFinished("failed", 7, "output a is on"))
    eyes.stage()
    assert eyes.watched.condition.verdict is not None
    assert eyes.watched.condition.verdict.safety is Safety.NOT_CONFIRMED


def test_a_stop_is_asked_for_until_it_is_heard(begun: tuple[Store, Eyes]) -> None:
    store, eyes = begun
    assert eyes.stage() is Stage.RUNNING
    eyes.watched.ask(Request.STOP)
    assert eyes.watched.condition.stage is Stage.STOPPING
    soon(lambda: is_waiting(store.folder, Request.STOP))
    eyes.clock.sleep(7.0)
    assert eyes.stage() is Stage.STOPPING
    assert eyes.watched.condition.asked is not None
    assert eyes.watched.condition.asked > 7.0
    requests = Requests(VirtualClock())
    requests.watch(store.folder)
    with pytest.raises(Stopped, match="stopped by a person at its window"):
        requests.look()
    soon(lambda: eyes.stage() is Stage.STOPPING and eyes.watched.condition.asked is None)
    store(RunFinished("interrupted", 130, "stopped by a person at its window"))
    assert eyes.stage() is Stage.OVER


def soon(holds: Callable[[], bool], seconds: float = 20.0) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.005)


def test_a_request_that_nobody_will_hear_is_taken_back(begun: tuple[Store, Eyes]) -> None:
    store, eyes = begun
    eyes.stage()
    eyes.watched.ask(Request.STOP)
    soon(lambda: is_waiting(store.folder, Request.STOP))
    store.close()
    soon(lambda: eyes.stage() is Stage.LOST and not is_waiting(store.folder, Request.STOP))


def test_pause_and_continue_through_a_run_that_is_played(tmp_path: Path, watch: Watch) -> None:
    chip = OhmicChip(block=1, at_block=lambda _: time.sleep(0.02))
    requests = Requests()
    folder = tmp_path / "r"
    drives = several(*(volts([1], dwell=1e-3) for _ in range(10_000)))

    def played() -> None:
        with pytest.raises(Stopped):
            record_run(drives, chip, folder, INFO, requests=requests)

    thread = threading.Thread(target=played)
    thread.start()
    soon((folder / BLOCKS).exists)
    watched = watch(folder, SystemClock())
    seen: list[Stage] = []

    def becomes(stage: Stage) -> None:
        def look() -> bool:
            watched.look()
            if not seen or watched.condition.stage is not seen[-1]:
                seen.append(watched.condition.stage)
            return seen[-1] is stage

        soon(look)

    becomes(Stage.RUNNING)
    watched.ask(Request.PAUSE)
    becomes(Stage.PAUSED)
    watched.ask(Request.CONTINUE)
    becomes(Stage.RUNNING)
    watched.ask(Request.STOP)
    becomes(Stage.OVER)
    thread.join()
    order = [Stage.RUNNING, Stage.PAUSING, Stage.PAUSED, Stage.RUNNING, Stage.STOPPING, Stage.OVER]
    assert [stage for stage in seen if stage is not Stage.WAITING] == order
    assert watched.condition.reason == "stopped by a person at its window"


def test_a_folder_that_goes_away_and_comes_back_is_followed_on(begun: tuple[Store, Eyes]) -> None:
    store, eyes = begun
    first, *rest = blocks(5)
    store(first)
    eyes.stage()
    away = store.folder.with_name("away")
    store.folder.rename(away)
    eyes.stage(3)
    assert "cannot be read now, and is tried again" in eyes.watched.condition.trouble
    for block in rest:
        store(block)
    away.rename(store.folder)
    eyes.stage(3)
    assert eyes.watched.condition.trouble == ""
    assert eyes.watched.scene.progress.samples == 5
    (line,) = eyes.watched.scene.lines.values()
    assert line.current.samples == 5


def test_damage_is_told_beside_what_came_before(begun: tuple[Store, Eyes]) -> None:
    store, eyes = begun
    for block in blocks(2):
        store(block)
    content = (store.folder / JOURNAL).read_bytes()
    (store.folder / JOURNAL).write_bytes(content[:-20] + b"x" + content[-19:])
    assert eyes.stage() is Stage.RUNNING  # whoever plays it does not care
    assert "checksum" in eyes.watched.condition.damage
    assert eyes.watched.scene.progress.samples == 1


def test_a_record_without_its_manifest_is_shown(begun: tuple[Store, Eyes]) -> None:
    store, eyes = begun
    (store.folder / MANIFEST).unlink()
    store(blocks(1)[0])
    assert eyes.stage() is Stage.RUNNING
    assert eyes.watched.scene.progress.samples == 1


class Hasty(VirtualClock):
    """A clock on which each look at it takes 5 ms."""

    def now(self) -> float:
        self.sleep(0.005)
        return super().now()


def test_a_long_record_is_caught_up_with_in_short_steps(tmp_path: Path, watch: Watch) -> None:
    """Whoever draws gets a turn after each step; after a while, how much has been read is told."""
    store = Store(tmp_path / "r", INFO)
    play(several(*(volts(np.ones(5_000)) for _ in range(8))), OhmicChip(block=50), (store,))
    clock = Hasty()
    watched = watch(tmp_path / "r", clock)
    times, steps, shares = list[float](), list[int](), list[float]()
    while watched.condition.stage is not Stage.OVER:
        begun, samples = clock.now(), watched.scene.progress.samples
        watched.look()
        times.append(clock.now() - begun)
        steps.append(watched.scene.progress.samples - samples)
        shares.append(watched.condition.share)
    assert watched.scene.progress.samples == 40_000
    assert max(times) < 2 * BEHIND
    assert max(steps) < 2_000
    told = [share for share in shares if share < 1.0]
    assert shares[0] == shares[-1] == 1.0
    assert told[0] < 0.5 < told[-1]
    assert told == sorted(told)
