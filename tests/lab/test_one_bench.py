"""A bench is what its file says, for one program at a time, within its limits: else not a byte changes anything."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from lab.heard import Heard
from lab.test_cli import start, wait_for

from nwlab import cli
from nwlab.lab.serving import ServedBench
from nwlab.runs.recording import load_run

PROTOCOL = """
name = "at"
[parameters]
level = { value = "1 V" }
duration = { value = "1 s" }
[[step]]
do = "hold"
source = "A"
sink = "B"
level = "$level"
duration = "$duration"
sample = "50 ms"
compliance = "500 uA"
"""


@pytest.fixture
def served(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[ServedBench, Heard]]:
    """A served bench with 10 kOhm, its file beside a protocol that holds a level, and what its instruments hear."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "at.toml").write_text(PROTOCOL, encoding="utf-8")
    with ServedBench("virtual", chip="resistor-10k") as made:
        made.write(tmp_path / "b.toml")
        yield made, Heard(made)


def nwlab(*words: str) -> int:
    """Run a command here; returns its exit code."""
    with pytest.raises(SystemExit) as ended:
        cli.main(list(words))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def runs(folder: Path) -> list[Path]:
    return sorted((folder / "runs").glob("*")) if (folder / "runs").exists() else []


@pytest.mark.fault(
    11, "another model, or another instrument, than the bench file says: refused, and only questions were sent"
)
@pytest.mark.parametrize("what", ["another model", "addresses mixed up"])
def test_another_instrument_is_refused(
    served: tuple[ServedBench, Heard], tmp_path: Path, capsys: pytest.CaptureFixture[str], what: str
) -> None:
    made, heard = served
    smu, matrix = (service.resource for service in made.services)
    text = (tmp_path / "b.toml").read_text(encoding="utf-8")
    if what == "another model":
        text = text.replace('"2636B"', '"2612B"')
    else:
        text = text.replace(smu, "?").replace(matrix, smu).replace("?", matrix)
    (tmp_path / "b.toml").write_text(text, encoding="utf-8")
    for words in (["run", "at.toml", "--bench", "b.toml"], ["bench", "check", "b.toml"]):
        assert nwlab(*words) == 5
        told = capsys.readouterr().err
        assert "nothing was changed" in told
        assert ("a 2612B is expected at" in told and "2636B" in told) or "707B" in told
    assert heard.acts == []
    assert any("*IDN?" in line for lines in heard.values() for line in lines)
    assert runs(tmp_path) == []


@pytest.mark.fault(18, "beyond the limits from a protocol file or from --set: refused, not a byte was sent")
@pytest.mark.parametrize("level", ["5.001 V", "-1 kV"])
@pytest.mark.parametrize("place", ["protocol", "command line"])
def test_a_level_beyond_the_limits_is_refused(
    served: tuple[ServedBench, Heard],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    level: str,
    place: str,
) -> None:
    _, heard = served
    if place == "protocol":
        (tmp_path / "at.toml").write_text(PROTOCOL.replace('"1 V"', f'"{level}"'), encoding="utf-8")
    more = [] if place == "protocol" else ["--set", f"level={level}"]
    assert nwlab("run", "at.toml", "--bench", "b.toml", *more) == 4
    assert "exceeds the limit of 5 V" in capsys.readouterr().err
    to_rest = {*heard.acts}
    heard.clear_all()
    assert nwlab("bench", "safe", "b.toml") == 0
    assert to_rest <= {*heard.acts}  # what closing sends anyway


@pytest.mark.fault(35, "a second run on the bench: refused, told by whom, sent nothing; the first one goes on unharmed")
def test_a_second_run_is_refused_and_the_first_goes_on(served: tuple[ServedBench, Heard], tmp_path: Path) -> None:
    made, volts = served[0], list[float]()
    made._site.table.world.watch(lambda moment: volts.append(moment.potentials["A"] - moment.potentials["B"]))
    first = start("run", "--no-picture", "at.toml", "--bench", "b.toml", "--set", "duration=600 s", cwd=tmp_path)
    wait_for(tmp_path, "runs/*/blocks.bin")
    second = subprocess.run(
        [sys.executable, "-m", "nwlab", "run", "at.toml", "--bench", "b.toml", "--set", "level=4 V"],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    before = load_run(runs(tmp_path)[0]).samples
    assert second.returncode == 2
    assert "is in use by nwlab, bench 'virtual' (process " in second.stderr
    assert "nothing was changed" in second.stderr
    end = time.monotonic() + 20
    while load_run(runs(tmp_path)[0]).samples <= before and time.monotonic() < end:
        time.sleep(0.1)
    first.send_signal(signal.SIGINT)
    _, complaints = first.communicate(timeout=60)
    assert (first.returncode, len(runs(tmp_path))) == (130, 1), complaints
    assert max(volts) == pytest.approx(1.0, abs=0.01)
    run = load_run(runs(tmp_path)[0])
    assert run.samples > before > 0
    assert run.current == pytest.approx(1e-4, rel=2e-3)


@pytest.mark.slow
@pytest.mark.fault(35, "what a killed program and its bench process held is told by the next one, which can have it")
@pytest.mark.skipif(sys.platform != "linux", reason="the bench process is looked up in /proc")
@pytest.mark.parametrize("words", [["bench", "check"], ["bench", "safe"]])
def test_what_dead_programs_held_is_told(
    served: tuple[ServedBench, Heard], tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    first = start("run", "--no-picture", "at.toml", "--bench", "b.toml", "--set", "duration=30 s", cwd=tmp_path)
    wait_for(tmp_path, "runs/*/blocks.bin")
    children = Path(f"/proc/{first.pid}/task/{first.pid}/children").read_text(encoding="utf-8").split()
    for number in (signal.SIGSTOP, signal.SIGKILL):  # neither may see the other die: it would make safe and let go
        for pid in (first.pid, int(children[0])):
            os.kill(pid, number)
    first.communicate(timeout=30)
    end = time.monotonic() + 10
    while Path(f"/proc/{children[0]}").exists() and time.monotonic() < end:
        time.sleep(0.01)
    assert nwlab(*words, "b.toml") == 0
    told = capsys.readouterr().out
    assert f"(process {children[0]}" in told
    assert "ended without letting go" in told
    assert nwlab("bench", "safe", "b.toml") == 0
    assert "ended without letting go" not in capsys.readouterr().out
    assert nwlab("run", "--no-picture", "at.toml", "--bench", "b.toml", "--json") == 0
    assert json.loads(capsys.readouterr().out)["samples"] == 20
