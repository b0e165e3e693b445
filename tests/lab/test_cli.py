"""The command line as a person and a script meet it: one clear message, the exit code, no traceback."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest
from command import command as nwlab

from nwlab.runs.recording import load_run

PROTOCOL = """\
name = "mine"
[parameters]
level = { value = "1 V", max = "9 V" }
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "$level"
duration = "1 s"
sample = "10 ms"
compliance = "500 uA"
"""


def program(*words: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "nwlab", *map(str, words)]
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


def write(folder: Path, text: str = PROTOCOL, name: str = "mine.toml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("words", "exit_code", "message"),
    [
        (["run", "stochastc"], 2, "there is no protocol 'stochastc'; write a path to a file, or one of: iv-loop"),
        (["run", "mine.toml", "--set", "level=3 A"], 2, "parameter level: '3 A' has the unit 'A', but a unit of V"),
        (["run", "mine.toml", "--set", "levle=3 V"], 2, "has no parameter 'levle'; it has level"),
        (["run", "mine.toml", "--set", "level"], 2, "needs name=value"),
        (["run", "mine.toml", "--bench", "lab17"], 2, "there is no bench 'lab17'"),
        (["run", "mine.toml", "--bench", "lab16", "--chip", "resistor-10k"], 2, "bench 'lab16' is real"),
        (["run", "mine.toml", "--model", "--virtual"], 2, "--model plays without instruments"),
        (["run", "mine.toml", "--set", "level=6 V"], 4, "terminal A: a level of 6 V exceeds the limit of 5 V"),
        (["run", "bad.toml"], 3, "bad.toml:6: step.1.source: the chip has no terminal 'Z'; it has A, B"),
        (["run", "mine.toml", "--speed", "0"], 2, "time goes at a speed above 0, such as 1 for real time or 20; not 0"),
        (["run", "mine.toml", "--model", "--speed", "nan"], 2, "time goes at a speed above 0"),
        (["run", "mine.toml", "--bench", "lab16", "--speed", "2"], 2, "bench 'lab16' is real and keeps its own time"),
        (["run", "mine.toml", "--bench", "tcp://x:1", "--speed", "2"], 2, "tcp://x:1 keeps its own time"),
        (["show", "nowhere"], 3, "is not the folder of a run"),
        (["report", "nowhere"], 3, "is not the folder of a run"),
        (["run", "mine.toml", "--out", "mine.toml"], 6, "cannot make a folder for the run"),
    ],
)
def test_a_mistake_is_told_in_one_message(tmp_path: Path, words: list[str], exit_code: int, message: str) -> None:
    write(tmp_path)
    write(tmp_path, PROTOCOL.replace('"A"', '"Z"'), "bad.toml")
    done = nwlab(*words, cwd=tmp_path)
    assert message in done.stderr
    assert "Traceback" not in done.stderr
    assert (done.returncode, done.stdout) == (exit_code, "")


def test_a_run_tells_a_script_what_it_needs(tmp_path: Path) -> None:
    done = program("run", write(tmp_path), "--chip", "resistor-10k", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["status"], told["exit"], told["samples"], told["drives"]) == ("finished", 0, 100, 1)
    assert told["duration"] == pytest.approx(1.0, abs=1e-3)
    assert told["conductance"]["A"] == pytest.approx(1e-4, rel=1e-3)
    assert [Path(tmp_path / picture).is_file() for picture in told["pictures"]] == [True]
    run = load_run(tmp_path / told["run"])
    assert set(run.info.documents) == {"protocol", "bench", "chip"}
    assert any("Model 2636B" in identity for identity in run.info.identities.values())


def test_simulated_instruments_take_their_time(tmp_path: Path) -> None:
    done = program(
        "run", "--no-picture", write(tmp_path), "--chip", "resistor-10k", "--speed", "0.5", "--json", cwd=tmp_path
    )
    assert done.returncode == 0, done.stderr
    run = load_run(tmp_path / json.loads(done.stdout)["run"])
    assert run.info.opened["speed"] == 0.5
    lines = [json.loads(line) for line in (run.path / "journal.jsonl").read_text().splitlines()]
    begun, ended = datetime.fromisoformat(lines[0]["started"]), datetime.fromisoformat(lines[-1]["ended"])
    assert (ended - begun).total_seconds() > 2.0, "1 s of experiment at half the speed"


def test_a_report_tells_a_script_where_it_is(tmp_path: Path) -> None:
    run = json.loads(nwlab("run", write(tmp_path), "--model", "--json", cwd=tmp_path).stdout)["run"]
    done = nwlab("report", run, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert (told["run"], told["status"], told["report"]) == (run, "finished", f"{run}/report.html")
    assert told["pictures"] == [f"{run}/report-trace.png"]
    page = (tmp_path / told["report"]).read_text("utf-8")
    assert "none: played on the chip&#x27;s model alone" in page
    assert f"nwlab run {tmp_path}/mine.toml --model" in page
    assert nwlab("report", run, "--to", "here.html", cwd=tmp_path).stdout == "here.html\n"
    assert (tmp_path / "here-trace.png").is_file()


@pytest.mark.slow
def test_the_seed_decides_the_numbers(tmp_path: Path) -> None:
    path = write(tmp_path, PROTOCOL.replace('"1 V"', '"3.6 V"'))
    last = [
        json.loads(nwlab("run", "--no-picture", path, "--model", "--seed", seed, "--json", cwd=tmp_path).stdout)[
            "conductance"
        ]["A"]
        for seed in ("4", "4", "5")
    ]
    assert last[0] == last[1] != last[2]


@pytest.mark.slow
@pytest.mark.parametrize("where", [["--model"], ["--chip", "resistor-10k"], ["--chip", "resistor-10k", "--separate"]])
def test_time_that_is_held_back_changes_no_number(tmp_path: Path, where: list[str]) -> None:
    write(tmp_path)
    told = [
        json.loads(nwlab("run", "--no-picture", "mine.toml", *where, *words, "--json", cwd=tmp_path).stdout)
        for words in ([], ["--speed", "0.4"])
    ]
    quick, slow = (load_run(tmp_path / each["run"]) for each in told)
    for name in ("start", "time", "voltage", "current"):
        assert (getattr(slow.rows(), name) == getattr(quick.rows(), name)).all(), name
    assert slow.ended is not None
    assert slow.started is not None
    assert (slow.ended - slow.started).total_seconds() > 2.4


def test_a_dry_run_tells_what_would_happen(tmp_path: Path) -> None:
    done = nwlab("dry-run", write(tmp_path), "--bench", "lab16", "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["relay_operations"] == {"m:A01": 1, "m:B02": 1}
    assert told["duration"] == pytest.approx(1.0, abs=1e-3)
    assert told["extremes"]["A"]["voltage"] == pytest.approx(1.0, rel=1e-2)
    assert told["refused"] == []


def test_a_dry_run_tells_what_would_be_refused(tmp_path: Path) -> None:
    done = nwlab("dry-run", write(tmp_path), "--bench", "lab16", "--set", "level=4.5 V", cwd=tmp_path)
    assert done.returncode == 4
    assert "REFUSED:          terminal A: a level of 4.5 V exceeds the limit of 4 V" in done.stdout


def start(*words: str | Path, cwd: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "nwlab", *map(str, words)]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def wait_for(path: Path, pattern: str, seconds: float = 60.0) -> Path:
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        found = [each for each in path.glob(pattern) if each.stat().st_size > 0]
        if found:
            return found[0]
        time.sleep(0.02)
    raise AssertionError(f"no {pattern} below {path}")


@pytest.fixture
def long_run(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    """A run of 600 s on a bench that is served in real time, two seconds after its first samples came."""
    bench = tmp_path / "served.toml"
    serving = start("serve", "virtual", "--chip", "resistor-10k", "--json", "--write", bench, cwd=tmp_path)
    assert serving.stdout is not None
    ready = json.loads(serving.stdout.readline())
    assert [instrument["model"] for instrument in ready["instruments"]] == ["2636B", "707B"]
    running = start(
        "run", "--no-picture", write(tmp_path, PROTOCOL.replace('"1 s"', '"600 s"')), "--bench", bench, cwd=tmp_path
    )
    wait_for(tmp_path, "runs/*/blocks.bin")
    time.sleep(2.0)
    yield running
    running.kill()
    running.communicate(timeout=30)
    serving.send_signal(signal.SIGTERM)
    serving.communicate(timeout=30)
    assert serving.returncode == 0


posix = pytest.mark.skipif(os.name != "posix", reason="signals as a terminal sends them exist on POSIX only")


@posix
@pytest.mark.fault(25, "Ctrl-C, once and twice, on a bench: outputs off, relays open, read back; data kept, code 130.")
@pytest.mark.fault(26, "SIGTERM and SIGHUP on a bench: outputs off, relays open, read back; data kept, code 143.")
@pytest.mark.parametrize(
    ("numbers", "exit_code"),
    [(["SIGINT"], 130), (["SIGINT", "SIGINT"], 130), (["SIGTERM"], 143), (["SIGHUP"], 143)],
)
def test_an_interrupt_keeps_the_data_and_leaves_its_code(
    tmp_path: Path, long_run: subprocess.Popen[str], numbers: list[str], exit_code: int
) -> None:
    for name in numbers:
        long_run.send_signal(getattr(signal, name))
        time.sleep(0.01)
    _, told = long_run.communicate(timeout=30)
    assert long_run.returncode == exit_code, told
    assert "safe state confirmed" in told
    (folder,) = (tmp_path / "runs").iterdir()
    run = load_run(folder)
    assert (run.status, run.exit_code) == ("interrupted", exit_code)
    assert run.samples > 20


@posix
def test_a_killed_run_is_recovered(tmp_path: Path, long_run: subprocess.Popen[str]) -> None:
    long_run.kill()
    long_run.communicate(timeout=30)
    (folder,) = (tmp_path / "runs").iterdir()
    done = nwlab("recover", folder, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["status"] == "interrupted"
    rows = load_run(folder).rows()
    assert told["samples"] == len(rows) > 20
    assert rows.conductance == pytest.approx([1e-4] * len(rows), rel=1e-3)


def test_a_port_in_use_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = program("serve", "--port", str(port), cwd=tmp_path)
    assert done.returncode == 2
    assert f"port {port}" in done.stderr
    assert "in use" in done.stderr


CHATTY = """\
import numpy as np
from nwlab.core.drive import Drive, Force, Quantity
from nwlab.protocol.kinds import Play

def chatty() -> Play:
    print("here I am")
    yield Drive(np.full(2, 0.1), (Force(0, Quantity.VOLTAGE, np.full(2, 0.1), 5e-4, low=1),))
"""


@pytest.mark.parametrize("act", ["run", "dry-run", "sweep"])
def test_what_a_labs_own_step_prints_is_no_part_of_the_answer(tmp_path: Path, act: str) -> None:
    (tmp_path / "chatty.py").write_text(CHATTY, encoding="utf-8")
    protocol = 'name = "mine"\nuse = ["chatty.py"]\n[[step]]\ndo = "chatty"\n'
    (tmp_path / "mine.toml").write_text(protocol, encoding="utf-8")
    where = ("--executor", "serial") if act == "sweep" else ("--model",)
    done = nwlab(act, "mine.toml", *where, "--json", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert isinstance(json.loads(done.stdout), dict)
    assert "here I am" in done.stderr
