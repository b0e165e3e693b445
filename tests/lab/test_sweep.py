"""`nwlab sweep`: the same table wherever it is played, also killed and resumed; what is refused and what is a row."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from command import command as nwlab
from lab.test_cli import start, wait_for

import nwlab as package
from nwlab.core.errors import FileError, UsageError
from nwlab.core.record import decode_line
from nwlab.lab.sweep.asking import ask
from nwlab.lab.sweep.batch import Batches, Played, play_batch
from nwlab.lab.sweep.book import Book
from nwlab.lab.sweep.executor import executor
from nwlab.lab.sweep.order import SweepOrder
from nwlab.lab.sweep.progress import SweepProgress
from nwlab.lab.sweep.sweep import play_missing

PROTOCOL = """\
name = "mine"
[parameters]
level = { value = "1 V", max = "9 V" }
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "$level"
duration = "2 s"
sample = "100 ms"
compliance = "500 uA"
[[step]]
do = "rest"
duration = "1 s"
[[step]]
do = "read"
source = "A"
sink = "B"
"""
COUNTED = """\
from pathlib import Path
import numpy as np
from nwlab.core.clock import SystemClock
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol.kinds import Play, Seconds, Volts

def counted(level: Volts, takes: Seconds) -> Play:
    SystemClock().sleep(takes)
    with Path(__file__).with_name("plays.log").open("a") as log:
        log.write(f"{level!r}\\n")
    yield Drive(np.full(5, 0.1), (Force(0, Quantity.VOLTAGE, np.full(5, level), 5e-4, low=1),))
"""
SLOW = """\
name = "slow"
use = ["counted.py"]
[parameters]
level = { value = "1 V" }
takes = { value = "50 ms" }
[[step]]
do = "counted"
level = "$level"
takes = "$takes"
"""
GRID = ("--vary", "level=1 V:3 V:3", "--vary", "chip.model.parameters.kp0=2e-4 1/s, 5e-4 1/s", "--seeds", "3")
"""18 points."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    for name, text in (("mine.toml", PROTOCOL), ("slow.toml", SLOW), ("counted.py", COUNTED)):
        (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path


def sweep(place: Path, *words: str, out: str) -> tuple[bytes, dict[str, object]]:
    """Sweep the grid and return the table and what was told."""
    done = nwlab("sweep", "mine.toml", *GRID, *words, "--out", out, "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    return (place / str(told["table"])).read_bytes(), told


def rows_of(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO(table.decode())))


@pytest.fixture(scope="module")
def serial(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("serial")
    (folder / "mine.toml").write_text(PROTOCOL, encoding="utf-8")
    return sweep(folder, "--executor", "serial", out="s")[0]


@pytest.mark.parametrize("where", ["processes:1", "processes:2", "joblib:2"])
def test_the_table_is_the_same_wherever_it_is_played(place: Path, serial: bytes, where: str) -> None:
    if where.startswith("joblib"):
        pytest.importorskip("joblib")
    table, told = sweep(place, "--executor", where, out="s")
    assert table == serial
    assert (told["points"], told["not_played"], told["exit"]) == (18, 0, 0)


CLUSTER = """
import sys
from distributed import LocalCluster
if __name__ == "__main__":
    with LocalCluster(n_workers=2, threads_per_worker=2, host="127.0.0.1", dashboard_address=None) as cluster:
        print(cluster.scheduler_address, flush=True)
        sys.stdin.read()
"""


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[str]:
    """A Dask cluster on this computer, in processes of its own."""
    pytest.importorskip("distributed")
    script = tmp_path / "cluster.py"
    script.write_text(CLUSTER, encoding="utf-8")
    process = subprocess.Popen(
        [sys.executable, script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    assert process.stdin is not None
    address = process.stdout.readline().strip()
    assert address.startswith("tcp://"), address
    yield address.removeprefix("tcp://")
    process.stdin.close()
    process.wait(30)
    process.stdout.close()


def test_the_table_is_the_same_on_a_dask_cluster(place: Path, serial: bytes, cluster: str) -> None:
    table, told = sweep(place, "--executor", f"dask://{cluster}", out="s")
    assert table == serial
    assert told["points"] == 18


def test_a_row_is_what_a_run_of_its_own_gives(place: Path, serial: bytes) -> None:
    row = rows_of(serial)[14]
    assert (row["level (V)"], row["chip.model.parameters.kp0 (1/s)"]) == ("3.0", "0.0002")
    text = package.load_chip("stochastic-2025").text.replace("5.217037178270165e-4 1/s", "2e-4 1/s")
    (place / "chip.toml").write_text(text, encoding="utf-8")
    with package.open_model(place / "chip.toml", seed=int(row["seed"])) as chip:
        run = package.run(package.load_protocol(place / "mine.toml", level=3.0), chip, out=place / "runs")
    rows = run.rows()
    known = rows.conductance[np.isfinite(rows.conductance)]
    assert float(row["final_conductance A:B (S)"]) == known[-1]
    assert float(row["median_conductance A:B (S)"]) == np.median(known)
    assert float(row["largest_current A:B (A)"]) == np.abs(rows.current).max()
    assert (row["samples A:B"], row["status"], row["reason"]) == (str(len(rows)), "played", "")
    assert float(row["chip_time (s)"]) == pytest.approx(3.1)


def test_the_heads_and_order_of_a_table(serial: bytes) -> None:
    rows = rows_of(serial)
    assert [int(row["point"]) for row in rows] == list(range(18))
    assert [row["repetition"] for row in rows[:4]] == ["0", "1", "2", "0"]
    assert list(rows[0])[:7] == [
        "point",
        "level (V)",
        "chip.model.parameters.kp0 (1/s)",
        "repetition",
        "seed",
        "status",
        "chip_time (s)",
    ]
    assert len({row["final_conductance A:B (S)"] for row in rows}) == 18, "each point has chance of its own"


def test_a_point_that_is_refused_is_a_row_with_its_reason(place: Path) -> None:
    words = ("sweep", "mine.toml", "--vary", "level=1 V,6 V,2 V", "--executor", "serial", "--json")
    done = nwlab(*words, cwd=place)
    assert done.returncode == 4
    told = json.loads(done.stdout)
    assert (told["points"], told["not_played"], told["exit"]) == (3, 1, 4)
    assert "1 of 3 points were not played to their end" in done.stderr
    rows = rows_of((place / told["table"]).read_bytes())
    assert [row["status"] for row in rows] == ["played", "refused", "played"]
    assert "terminal A: a level of 6 V exceeds the limit of 5 V" in rows[1]["reason"]
    assert "it was refused in step 1 hold (" in rows[1]["reason"]
    assert rows[1]["final_conductance A:B (S)"] == ""
    again = nwlab(*words, cwd=place)
    assert (again.returncode, json.loads(again.stdout)) == (4, told), "what is there is told again"


FINDING = """\
from nwlab import Result
from nwlab.protocol.kinds import Play, Volts

def finds(level: Volts) -> Play:
    yield Result({"seen": 0})
    if level < 2:
        error = float("nan") if level == 0 else 1e-9
        yield Result({"seen": True, "conductance": {"value": 0.1 + 0.2, "unit": "S", "error": error}})
"""


def test_what_steps_have_found_out_has_columns_of_its_own(place: Path) -> None:
    (place / "finding.py").write_text(FINDING, encoding="utf-8")
    text = SLOW.replace("counted", "finds").replace("finds.py", "finding.py").replace('takes = "$takes"\n', "")
    (place / "slow.toml").write_text(text, encoding="utf-8")
    done = nwlab("sweep", "slow.toml", "--vary", "level=0 V:2 V:3", "--executor", "serial", "--json", cwd=place)
    assert done.returncode == 0, done.stderr
    rows = rows_of((place / json.loads(done.stdout)["table"]).read_bytes())
    heads = ["seen 1 finds", "conductance 1 finds (S)", "conductance_error 1 finds (S)"]
    assert list(rows[0])[5:8] == heads
    assert [[row[head] for head in heads] for row in rows] == [
        ["true", repr(0.1 + 0.2), ""],
        ["true", repr(0.1 + 0.2), "1e-09"],
        ["0", "", ""],
    ]


def test_a_step_of_a_lab_that_breaks_is_a_row_as_well(place: Path) -> None:
    step = COUNTED.replace("SystemClock().sleep(takes)", "assert level < 2")
    (place / "counted.py").write_text(step, encoding="utf-8")
    done = nwlab("sweep", "slow.toml", "--vary", "level=1 V,2 V", "--executor", "serial", "--out", "s", cwd=place)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "point 1: AssertionError" in done.stderr
    assert "The same command plays 1 point again that failed" in done.stderr
    assert [row["status"] for row in rows_of((place / "s/table.csv").read_bytes())] == ["played", "failed"]
    kept = [decode_line(line) for line in (place / "s/points.jsonl").read_bytes().splitlines(keepends=True)]
    assert sum("in counted" in row.get("traceback", "") for row in kept) == 1
    done = nwlab("sweep", "slow.toml", "--vary", "level=1 V,2 V", "--executor", "serial", "--out", "s", cwd=place)
    assert "playing again 1 point that failed before" in done.stderr
    assert "2 of 2 points, 1 of them in" in done.stderr


LITTLE_MEMORY = COUNTED.replace(
    "    yield Drive",
    """    if 1.2 < level < 2.8 and not Path(__file__).with_name("memory").exists():
        raise MemoryError("no room for this")
    yield Drive""",
)


@pytest.mark.parametrize("where", ["serial", "processes:2"])
def test_points_that_failed_are_played_again_and_those_that_were_refused_are_not(place: Path, where: str) -> None:
    (place / "counted.py").write_text(LITTLE_MEMORY, encoding="utf-8")
    order = ask(str(place / "slow.toml"), ["stochastic-2025"], {"takes": "0 s"}, [("level", "1 V,1.5 V,2 V,3 V,6 V")])
    assert statuses(order, place / "s", "serial") == ["played", "failed", "failed", "played", "refused"]
    assert json.loads((place / "s/sweep.json").read_text())["status"] == "finished"
    (place / "memory").touch()
    (place / "plays.log").unlink()
    book = Book(place / "s", order, {})
    assert (book.failed, book.missing) == (2, [1, 2])
    book.close()
    assert json.loads((place / "s/sweep.json").read_text())["status"] == "interrupted"
    assert statuses(order, place / "s", where) == ["played", "played", "played", "played", "refused"]
    assert sorted((place / "plays.log").read_text().split()) == ["1.5", "2.0"]
    assert statuses(order, place / "s", where) == ["played", "played", "played", "played", "refused"]
    assert statuses(order, place / "t", "serial") == ["played", "played", "played", "played", "refused"]
    assert (place / "s/table.csv").read_bytes() == (place / "t/table.csv").read_bytes()


def statuses(order: SweepOrder, folder: Path, where: str) -> list[str]:
    """Play what is missing in a folder and say how each point ended."""
    book = Book(folder, order, {})
    with closing(executor(where)) as workers:
        play_missing(order, book, workers, lambda kept: None)
    book.close()
    return [row["status"] for row in rows_of(book.table.read_bytes())]


def test_chips_are_an_axis_and_pairs_of_all_points_are_columns(place: Path) -> None:
    words = ("--chip", "stochastic-2025", "--chip", "resistor-10k", "--executor", "serial", "--out", "s")
    done = nwlab("sweep", "mine.toml", *words, cwd=place)
    assert done.returncode == 0, done.stderr
    rows = rows_of((place / "s/table.csv").read_bytes())
    assert [row["chip"] for row in rows] == ["stochastic-2025", "resistor-10k"]
    assert float(rows[1]["final_conductance A:B (S)"]) == pytest.approx(1e-4, rel=1e-12)


def slowly(place: Path, count: int) -> subprocess.Popen[str]:
    words = ("sweep", "slow.toml", "--vary", f"level=1 V:2 V:{count}", "--executor", "processes:2", "--out", "s")
    return start(*words, cwd=place)


def finish(process: subprocess.Popen[str]) -> int:
    process.communicate(timeout=60)
    return process.returncode


def test_killed_and_resumed_it_repeats_nothing(place: Path) -> None:
    count = 60
    first = slowly(place, count)
    points = wait_for(place, "s/points.jsonl")
    while len(points.read_bytes().splitlines()) < 12:
        time.sleep(0.02)
    workers = children(first.pid)
    first.kill()
    first.communicate()
    kept = [decode_line(line)["point"] for line in points.read_bytes().splitlines(keepends=True) if line[-1:] == b"\n"]
    assert 12 <= len(kept) < count
    end = time.monotonic() + 20
    while any(map(lives, workers)):
        assert time.monotonic() < end, "workers end with the program that started them"
        time.sleep(0.05)
    log = place / "plays.log"
    before = Counter(log.read_text().split())
    with points.open("ab") as file:
        file.write(b'{"point":59,"seed"')  # as a loss of power may leave it
    done = slowly(place, count)
    out, told = done.communicate(timeout=60)
    assert done.returncode == 0, told
    assert "60 of 60 points, " in told
    levels = np.linspace(1, 2, count)
    again = Counter(log.read_text().split()) - before
    assert set(again) == {repr(float(levels[number])) for number in range(count) if number not in kept}
    assert set(again.values()) == {1}
    lines = [decode_line(line)["point"] for line in points.read_bytes().splitlines(keepends=True)]
    assert sorted(lines) == list(range(count))
    assert out.splitlines() == ["points: 60", "table:  s/table.csv"]
    assert finish(slowly(place, count)) == 0
    assert Counter(log.read_text().split()) - before == again, "once more plays nothing"


def children(pid: int) -> list[int]:
    if sys.platform != "linux":
        pytest.skip("processes are looked up in /proc")
    return [int(each) for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def lives(pid: int) -> bool:
    """Whether a process still runs; one that has ended may stand there until somebody asks how."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0] != "Z"
    except OSError:
        return False


def test_ctrl_c_keeps_what_there_is_and_the_same_command_goes_on(place: Path) -> None:
    running = slowly(place, 40)
    points = wait_for(place, "s/points.jsonl")
    while len(points.read_bytes().splitlines()) < 5:
        time.sleep(0.02)
    workers = children(running.pid)
    for pid in (running.pid, *workers):  # a terminal sends it to all of them
        os.kill(pid, signal.SIGINT)
    _, told = running.communicate(timeout=20)
    assert running.returncode == 130
    assert "Traceback" not in told
    assert "interrupted: Ctrl-C" in told
    assert "of 40 points are kept in s; the same command goes on" in told
    kept = len(points.read_bytes().splitlines())
    assert len(rows_of((place / "s/table.csv").read_bytes())) == kept < 40
    assert json.loads((place / "s/sweep.json").read_text())["status"] == "interrupted"
    assert finish(slowly(place, 40)) == 0
    whole = (place / "s/table.csv").read_bytes()
    done = nwlab("sweep", "slow.toml", "--vary", "level=1 V:2 V:40", "--executor", "serial", "--out", "t", cwd=place)
    assert done.returncode == 0
    assert (place / "t/table.csv").read_bytes() == whole


def test_a_changed_command_is_refused_in_the_same_folder(place: Path) -> None:
    def asked(**change: object) -> SweepOrder:
        usual: dict[str, object] = {"chips": ["resistor-10k"], "settings": {}, "vary": [("level", "1 V,2 V")]}
        return ask(str(place / "mine.toml"), **{**usual, **change})  # type: ignore[arg-type]

    Book(place / "s", asked(), {}).close()
    changes: dict[str, SweepOrder] = {
        "what varies": asked(vary=[("level", "1 V,3 V")]),
        "the number of --seeds": asked(seeds=2),
        "the seed": asked(seed=3),
        "the chip files are": asked(chips=["stochastic-2025"]),
        "the chip file of the twin": asked(twin="stochastic-2025"),
        "the parameters": asked(settings={"level": "2 V"}, vary=[]),
        "the versions of nwlab": replace(asked(), versions={**asked().versions, "nwlab": "0.0.1"}),
    }
    (place / "mine.toml").write_text(PROTOCOL.replace("2 s", "3 s"), encoding="utf-8")
    changes["the protocol file is"] = asked()
    before = (place / "s/sweep.json").read_bytes()
    for what, order in changes.items():
        with pytest.raises(UsageError, match=f"s holds a sweep that was asked for otherwise: {what}"):
            Book(place / "s", order, {})
    assert (place / "s/sweep.json").read_bytes() == before


def test_damaged_lines_are_played_again_and_strange_folders_refused(place: Path) -> None:
    table, _ = sweep(place, "--executor", "serial", out="s")
    points = place / "s/points.jsonl"
    lines = points.read_bytes().splitlines(keepends=True)
    points.write_bytes(b"".join([*lines[:3], lines[3].replace(b"1", b"2", 1), b"rubbish\n", *lines[5:]]))
    done = nwlab("sweep", "mine.toml", *GRID, "--executor", "serial", "--out", "s", cwd=place)
    assert done.returncode == 0
    assert "2 damaged lines are played again" in done.stderr
    assert (place / "s/table.csv").read_bytes() == table
    (place / "s/sweep.json").write_text("{", encoding="utf-8")
    done = nwlab("sweep", "mine.toml", *GRID, "--executor", "serial", "--out", "s", cwd=place)
    assert (done.returncode, "sweep.json: cannot be read" in done.stderr) == (3, True)
    done = nwlab("sweep", "mine.toml", "--executor", "serial", "--out", ".", cwd=place)
    assert (done.returncode, ". holds other things: choose a new folder" in done.stderr) == (2, True)


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["sweep", "min.toml"], 2, "there is no protocol 'min.toml'"),
        (["sweep", "mine.toml", "--chip", "nowhere"], 2, "there is no chip 'nowhere'"),
        (["sweep", "mine.toml", "--vary", "level"], 2, "needs name=value"),
        (["sweep", "mine.toml", "--vary", "lvl=1"], 2, "has no parameter 'lvl'"),
        (["sweep", "mine.toml", "--executor", "threads"], 2, "there is no executor 'threads'; write serial, processes"),
        (["sweep", "mine.toml", "--executor", "processes:0"], 2, "there is no executor 'processes:0'"),
        (["sweep", "mine.toml", "--executor", "serial:2"], 2, "there is no executor 'serial:2'"),
        (["sweep", "program-twin"], 2, "asks a twin what to expect: add --twin CHIP"),
        (["sweep", "mine.toml", "--chip", "nw16"], 3, "the chip has no terminal 'A'"),
        (["sweep", "mine.toml", "--vary", "chip.start.conductance=-1 S"], 3, "start.conductance: a film starts at"),
    ],
)
def test_mistakes(place: Path, words: list[str], exit_code: int, message: str) -> None:
    done = nwlab(*words, cwd=place)
    assert done.returncode == exit_code
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert not (place / "runs").exists()


@pytest.mark.parametrize(
    ("module", "where", "line"),
    [("joblib", "joblib", 'pip install "nwlab[parallel]"'), ("distributed", "dask://x:1", 'pip install "nwlab[dask]"')],
)
def test_a_package_that_is_missing_is_named_with_its_line(
    monkeypatch: pytest.MonkeyPatch, module: str, where: str, line: str
) -> None:
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UsageError) as raised:
        executor(where)
    assert line in str(raised.value)


@pytest.mark.slow
def test_a_scheduler_that_does_not_answer_is_told(place: Path) -> None:
    pytest.importorskip("distributed")
    done = nwlab("sweep", "mine.toml", "--executor", "dask://127.0.0.1:1", cwd=place)
    assert done.returncode == 2
    assert "no Dask scheduler answers at 127.0.0.1:1" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_file_that_changes_while_a_sweep_goes_on_ends_it(place: Path) -> None:
    order = ask(str(place / "slow.toml"), ["resistor-10k"], {"takes": "0 s"}, [("level", "1 V,2 V")])
    (place / "counted.py").write_text(COUNTED + "\n", encoding="utf-8")
    played = play_batch(order.words(), (0, 1))
    assert (played.rows, played.exit_code) == ((), FileError.exit_code)
    assert "counted.py: has changed since the sweep began" in played.failure


GRAPH = """name = "graph"
terminals = ["A", "B"]

[limits]
voltage = "5 V"
current = "1 mA"

[network]
path = "ring.edges"

[[terminal]]
name = "A"
node = 0

[[terminal]]
name = "B"
node = 2

[model]
kind = "file"
law = "fixed"

[model.parameters]
conductance = "10 uS"
"""


def test_a_graph_that_changes_is_another_chip(place: Path) -> None:
    """What a chip file names decides as much as what it says."""
    (place / "ring.edges").write_text("0 1\n1 2\n2 3\n3 0\n", encoding="utf-8")
    (place / "graph.toml").write_text(GRAPH, encoding="utf-8")

    def asked(seed: int = 1) -> SweepOrder:
        return ask(str(place / "mine.toml"), [str(place / "graph.toml")], {}, [("level", "1 V,2 V")], seed=seed)

    (row, _) = play_batch(asked(2).words(), (0, 1)).rows
    assert row["status"] == "played"
    order = asked()
    Book(place / "s", order, {}).close()
    (place / "ring.edges").write_text("0 1\n1 2\n2 3\n3 0\n0 2\n", encoding="utf-8")
    played = play_batch(order.words(), (0, 1))
    assert "ring.edges: has changed since the sweep began" in played.failure
    told = "asked for otherwise: the files that chip and bench files name are not the same"
    with pytest.raises(UsageError, match=told):
        Book(place / "s", asked(), {})


def test_two_programs_do_not_write_one_sweep(place: Path) -> None:
    order = ask(str(place / "mine.toml"), ["resistor-10k"], {}, [])
    book = Book(place / "s", order, {})
    with pytest.raises(UsageError, match=r"another program is at the sweep in .*s"):
        Book(place / "s", order, {})
    book.close()


def test_a_folder_that_cannot_be_written_is_told(place: Path) -> None:
    (place / "file").write_text("", encoding="utf-8")
    done = nwlab("sweep", "mine.toml", "--executor", "serial", "--out", "file/s", cwd=place)
    assert done.returncode == 6
    assert "cannot be written: Not a directory; nothing is kept" in done.stderr


def test_batches_grow_to_what_is_worth_a_message_and_shrink_towards_the_end() -> None:
    batches = Batches(range(100_000), 2)
    sizes: list[int] = []
    for batch in batches:
        assert batch[0] == sum(sizes)
        sizes.append(len(batch))
        batches.took(Played(tuple({} for _ in batch), 1e-3 * len(batch)))
    assert sizes[:2] == [1, 500]
    assert sum(sizes) == 100_000 + (sizes[-1] - (100_000 - sum(sizes[:-1])))
    assert all(100 <= size <= 500 for size in sizes[1:-1])
    slow = Batches(range(20), 2)
    for batch in slow:
        assert len(batch) == 1
        slow.took(Played(({},), 3.0))


def test_the_bar_tells_how_far_it_is_and_what_is_left() -> None:
    class Hands:
        time = 0.0

        def now(self) -> float:
            return self.time

        def sleep(self, seconds: float) -> None:
            self.time += seconds

    clock, stream = Hands(), StringIO()
    progress = SweepProgress(100, 20, stream, clock)
    clock.sleep(5.0)
    progress.show(30)
    assert stream.getvalue() == "", "a log gets a line now and then"
    clock.sleep(5.0)
    progress.show(40)
    assert (
        stream.getvalue() == "#" * 10 + "-" * 14 + "  40 %  30 s left  40 of 100 points\n" or "█" in stream.getvalue()
    )
    clock.sleep(30.0)
    progress.end(100)
    assert stream.getvalue().splitlines()[-1] == "100 of 100 points, 80 of them in 40 s"
