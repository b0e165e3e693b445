"""The way of a person: real programs on a screen that is none, used by mouse and keyboard, judged by eye and disk."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from live import desktop
from live.desktop import Desktop, middle, wait

from nwlab.live.look.theme import LIGHT
from nwlab.runs.requests import Request, ask

pytestmark = [pytest.mark.slow, pytest.mark.timed]
BUTTON = 2000  # px of one colour that a large button has at least, and words have not
GOOD, ALARM = LIGHT.good, LIGHT.alarm  # also the colours of Run and STOP


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desktop]:
    """A screen of 1366 x 768 and nobody's settings."""
    desktop.demand()
    with Desktop(tmp_path) as made:
        yield made
        for record in records(made):
            if manifest(record)["status"] == "running":  # a run outlives every window
                ask(record.parent, Request.STOP, by="a test that failed")


def records(desk: Desktop) -> list[Path]:
    return sorted((desk.folder / "runs").glob("*/journal.jsonl"))


def samples(record: Path) -> int:
    """Whole blocks that are on record."""
    return record.read_bytes().count(b"\n")


def manifest(record: Path) -> dict[str, Any]:
    return json.loads((record.parent / "run.json").read_text("utf-8"))


def has_button(desk: Desktop, window: int, colour: str) -> bool:
    return int(desk.coloured(colour, desk.place(window)).sum()) > BUTTON


def watched(desk: Desktop) -> tuple[Path, int]:
    """Wait until a run is under way and its window shows curves."""
    record = wait(lambda: records(desk))[-1]
    live = desk.window("running")
    wait(lambda: int(desk.coloured(LIGHT.curves[0], desk.place(live)).sum()) > BUTTON // 20)
    wait(lambda: samples(record) > 8)
    return record, live


def ended(record: Path) -> dict[str, Any]:
    """Wait for the end of a run, and return its `run.json`."""
    wait(lambda: manifest(record).get("status") != "running")
    return manifest(record)


def test_from_the_form_to_the_report(desk: Desktop) -> None:
    gui = desk.start("gui")
    start = desk.window("^nwlab$")
    wait(lambda: has_button(desk, start, GOOD))
    desk.press("alt+p", "s", "alt+b", "v", "alt+a", "Down")  # stochastic, virtual, real time

    desk.press("alt+t", "Tab", "Tab", "Tab", "Tab")  # from the twin past its file, source and sink to the first level
    desk.write("9 V")
    wait(lambda: not has_button(desk, start, GOOD))
    form = desk.coloured(ALARM, desk.place(start))
    left = form[:, : form.shape[1] // 3]
    assert left.any(), "the fault is told beside its field"
    desk.press("ctrl+Return")
    assert not records(desk)

    desk.write("3.2 V")
    wait(lambda: has_button(desk, start, GOOD) and not desk.coloured(ALARM, desk.place(start)).any())
    desk.press("ctrl+d")
    wait(lambda: int(desk.coloured(LIGHT.curves[0], desk.place(start)).sum()) > BUTTON // 4)

    desk.click(middle(desk.coloured(GOOD, desk.place(start))))
    record, live = watched(desk)
    said = json.loads((record.parent / "run.json").read_text("utf-8"))
    assert said["opened"]["speed"] == 1.0
    assert said["parameters"]["prepare"] == "3.2 V"

    rows, columns = desk.place(live)
    bottom = (slice(rows.stop - 16, rows.stop), columns)
    assert not desk.coloured(LIGHT.text, bottom).any()
    curve = desk.coloured(LIGHT.curves[0], (slice(rows.start, (rows.start + rows.stop) // 2), columns))
    curve[:, (columns.start + columns.stop) // 2 :] = False  # the panel beside it has this colour, too
    desk.point(*middle(curve))
    wait(lambda: desk.coloured(LIGHT.text, bottom).any())  # values at the mouse

    desk.click(middle(desk.coloured(ALARM, desk.place(live))))
    told = ended(record)
    assert (told["status"], told["reason"]) == ("interrupted", "stopped by a person at its window")
    assert "safe state confirmed" in record.read_text("utf-8")
    wait(lambda: int(desk.coloured(GOOD, desk.place(live)).sum()) > 5 * BUTTON)  # across the top
    wait(lambda: not has_button(desk, live, ALARM))

    banner = int(desk.coloured(GOOD, desk.place(live)).nonzero()[0].min())
    tools = desk.coloured(LIGHT.text, (slice(banner - 22, banner - 4), columns))
    row, _ = middle(tools)
    desk.click((row, int(tools.nonzero()[1].max()) - 4))  # the last of the tools is the report
    # What the window starts has the processor only while nothing else wants it, as the window itself.
    page = Path(wait(lambda: desk.browsed, within=3 * desktop.LONG)[0].removeprefix("file://"))
    assert page == record.parent / "report.html"
    assert "stopped by a person at its window" in page.read_text("utf-8")

    for window in (live, start):
        desk.press_in(window, "ctrl+w")
        wait(lambda window=window: desk.is_gone(window))
    assert gui.wait(desktop.LONG) == 0


def test_esc_twice_on_instruments(desk: Desktop) -> None:
    """A bench on TCP counts as real: rehearsed first, held by a process of its own, which keeps a log."""
    benches = desk.folder / "instruments" / "benches"
    benches.mkdir(parents=True)
    desk.start("serve", "virtual", "--write", str(benches / "served.toml"))
    wait((benches / "served.toml").is_file)
    desk.start("gui")
    start = desk.window("^nwlab$")
    desk.press("alt+p", "s", "alt+b", "s", "e")
    wait(lambda: not has_button(desk, start, GOOD))  # real instruments: not before a dry run
    wait(lambda: has_button(desk, start, GOOD))
    desk.press("ctrl+Return")

    record, live = watched(desk)
    desk.press("Escape")
    then = samples(record)
    wait(lambda: samples(record) > then + 3)
    assert manifest(record)["status"] == "running", "once is not twice"
    desk.press("Escape", "Escape")
    assert ended(record)["status"] == "interrupted"
    log = [json.loads(line) for line in (record.parent / "bench.log").read_text("utf-8").splitlines()]
    assert log[-1]["what"] == "safe"
    assert not log[-1]["failures"]
    assert any("outputs a, b off" in each for each in log[-1]["found"])
    wait(lambda: int(desk.coloured(GOOD, desk.place(live)).sum()) > 5 * BUTTON)  # across the top
