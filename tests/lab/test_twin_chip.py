"""A twin belongs to the chip that it follows, and stays what it was when a run is continued."""

from __future__ import annotations

from pathlib import Path

import pytest
from lab.test_one_bench import nwlab
from lab.test_resuming import options

import nwlab as package
from nwlab.core.errors import UsageError
from nwlab.core.events import Noted
from nwlab.lab.resuming import Resumption
from nwlab.runs.following import Follower
from nwlab.runs.recording import load_run

FILM = "stochastic-2025"


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder, with twins of chips that have other terminals."""
    text = package.load_chip(FILM).text
    for name, terminals in (("elsewhere", '["X", "Y"]'), ("turned", '["B", "A"]')):
        (tmp_path / f"{name}.toml").write_text(text.replace('["A", "B"]', terminals), encoding="utf-8")
    names = [f"T{number}" for number in range(1, 17)]
    pairs = (f'[[resistor]]\nbetween = ["T1", "{name}"]\nresistance = "10 kOhm"\n' for name in names[1:])
    head = f'name = "many"\nterminals = {names}\n[model]\nkind = "resistor"\n'
    (tmp_path / "many.toml").write_text(head + "".join(pairs), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


REFUSED = [("elsewhere", "X, Y"), ("turned", "B, A"), ("many", ", ".join(f"T{number}" for number in range(1, 17)))]


@pytest.mark.parametrize(("twin", "terminals"), REFUSED)
@pytest.mark.parametrize("words", [("run",), ("run", "--model"), ("dry-run",)], ids=" ".join)
def test_the_twin_of_another_chip_is_refused_before_anything_is_played(
    place: Path, capsys: pytest.CaptureFixture[str], twin: str, terminals: str, words: tuple[str, ...]
) -> None:
    assert nwlab(*words, "pulses", "--chip", FILM, "--twin", f"{twin}.toml", "--no-picture") == 2
    out, told = capsys.readouterr()
    assert f"{twin}.toml has the terminals {terminals}, but this chip has A, B: a twin needs the same ones" in told
    assert out == ""
    assert not (place / "runs").exists()


def test_a_script_is_told_the_same(place: Path) -> None:
    with package.open_model(FILM) as chip, pytest.raises(UsageError, match="has the terminals X, Y, but this chip has"):
        package.run("pulses", chip, out=place / "runs", twin=place / "elsewhere.toml")
    assert not (place / "runs").exists()


BREAKS = """
from pathlib import Path

import numpy as np

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError
from nwlab.protocol import Play


def breaks() -> Play:
    for _ in range(2):
        yield Drive(np.full(5, 0.1), (Force(0, Quantity.VOLTAGE, np.full(5, 1.0), 1e-3, low=1),))
        if not Path("whole").exists():
            raise DriveError("not yet")
"""
PROTOCOL = """
name = "broken"
use = ["breaks.py"]
[[step]]
do = "breaks"
"""


def test_a_continued_run_keeps_its_twin_and_the_twins_filter(place: Path) -> None:
    (place / "breaks.py").write_text(BREAKS, encoding="utf-8")
    (place / "broken.toml").write_text(PROTOCOL, encoding="utf-8")
    own = ("--model", "--chip", FILM)
    assert nwlab("run", "broken.toml", *own, "--twin", FILM, "--twin-filter", "gain", "--no-picture") == 4
    (old,) = (place / "runs").iterdir()
    then = load_run(old).info.opened
    assert (Path(then["twin"]).stem, then["twin_filter"]) == (FILM, "gain")
    (place / "whole").touch()
    for given in ({}, {"model": True, "chip": FILM}):
        again = Resumption(options(old, **given)).options
        assert (again.twin, again.twin_filter) == (then["twin"], "gain")
        other = Resumption(options(old, **given, twin_filter="off")).options
        assert (other.twin, other.twin_filter) == (then["twin"], "off"), "what is said holds"
        new = Resumption(options(old, **given, twin="star.toml")).options
        assert (new.twin, new.twin_filter) == ("star.toml", None), "the filter was that of another twin"
    assert nwlab("run", "--resume", str(old), *own, "--no-picture") == 0
    (new,) = (path for path in (place / "runs").iterdir() if path != old)
    assert load_run(new).info.opened == then
    with Follower(new) as follower:
        notes = {event.kind: event.content for event in follower.poll(10**9) if isinstance(event, Noted)}
    assert notes["twin ready"]["filter"] == "gain"


def test_a_run_can_be_continued_without_its_twin(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (place / "breaks.py").write_text(BREAKS, encoding="utf-8")
    (place / "broken.toml").write_text(PROTOCOL, encoding="utf-8")
    lost = place / "lost.toml"
    lost.write_text(package.load_chip(FILM).text, encoding="utf-8")
    assert nwlab("run", "broken.toml", "--model", "--chip", FILM, "--twin", str(lost), "--no-picture") == 4
    (old,) = (place / "runs").iterdir()
    (place / "whole").touch()
    lost.unlink()
    capsys.readouterr()
    assert nwlab("run", "--resume", str(old), "--no-picture") == 2
    assert "lost.toml'; write a path" in (said := capsys.readouterr().err)
    assert "with --twin none it goes on without the twin that it had" in said
    assert nwlab("run", "--resume", str(old), "--twin", "none", "--no-picture") == 0
    (new,) = (path for path in (place / "runs").iterdir() if path != old)
    with Follower(new) as follower:
        ready = [event for event in follower.poll(10**9) if isinstance(event, Noted) and event.kind == "twin ready"]
    assert len(ready) == 1, "that of the first part"
