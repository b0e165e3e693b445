"""What a person without a display sees of a run."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Callable

import numpy as np
import pytest
from plot.screen import Screen
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.clock import VirtualClock
from nwlab.core.drive import Drive
from nwlab.core.errors import Stopped, WireError
from nwlab.core.events import DriveStarted, Event, Noted, Outline, RunStarted
from nwlab.plot.terminal_frame import COLOURS
from nwlab.plot.terminal_plot import TerminalPlot
from nwlab.plot.watched_run import WatchedRun
from nwlab.runs.player import play

XTERM = {"TERM": "xterm-256color", "COLUMNS": "80", "LINES": "24"}


class Steep(OhmicChip):
    """A chip whose resistance at each terminal follows from the time since its start."""

    def __init__(self, resistance: Callable[[np.ndarray], np.ndarray], **options: object) -> None:
        super().__init__(**options)
        self._law = resistance

    def _reading(self, drive, start, onset, part):
        reading = super()._reading(drive, start, onset, part)
        reading.current[:] *= 1e4 / self._law(start + reading.time)
        return reading


def watch(
    *drives: Drive,
    screen: io.StringIO | None = None,
    chip: OhmicChip | None = None,
    environment: dict[str, str] | None = None,
    lasts: float = 0.25,
    fail_at: int | None = None,
    duration: float | None = None,
) -> str:
    """Play drives in blocks of which each lasts `lasts` s for the person who watches; return what that person sees."""
    screen = screen or Screen()
    clock = VirtualClock()
    plot = TerminalPlot(screen, clock, XTERM | (environment or {}))

    def pass_time(block: int) -> None:
        clock.sleep(lasts)
        if block == fail_at:
            raise WireError("lost")

    chip = chip or OhmicChip(block=10)
    chip._at_block = pass_time
    with contextlib.suppress(WireError):
        play(several(*drives), chip, (plot,), outline=Outline(duration=duration), label=lambda: "2 pulses")
    return screen.text if isinstance(screen, Screen) else screen.getvalue()


def dots(text: str) -> np.ndarray:
    """Dots of each column of letters."""
    rows = [line for line in text.splitlines() if re.search("[\u2801-\u28ff]", line)]
    table = [
        [(ord(letter) - 0x2800).bit_count() if "\u2800" <= letter <= "\u28ff" else 0 for letter in f"{row:80}"]
        for row in rows
    ]
    return np.array(table).sum(axis=0)


@pytest.fixture(autouse=True)
def size_of_the_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "24")


def test_numbers_step_and_time_left_are_those_of_the_run() -> None:
    seen: list[str] = []

    class Camera(Screen):
        def write(self, text: str) -> int:
            length = super().write(text)
            seen.append(self.text)
            return length

    last = watch(volts(np.full(100, 0.2), 1.0), screen=Camera(), duration=100.0)
    half = seen[5]
    assert "conductance  A → B" in half
    assert re.search(r"A → B +100 uS +200 mV +20 uA", half)
    assert "60 %  2 pulses  1 s left  60 samples" in half
    assert "COMPLIANCE" not in half
    assert last.endswith("finished: 100 samples, 1 min 40 s on the chip, in 2.5 s\n")
    assert last.count("conductance") == 1
    assert "100 s" in last


def test_pictures_are_few_and_drawn_in_one_place() -> None:
    screen = Screen()
    watch(volts(np.full(1000, 0.2), 1.0), screen=screen, lasts=0.01)
    assert screen.writes <= 1.0 / 0.2 + 2
    assert len(screen.rows) <= 24
    assert screen.text.count("conductance") == 1


def test_a_spike_of_one_sample_in_a_million_is_drawn() -> None:
    spike = 3000 * 0.25

    def law(time: np.ndarray) -> np.ndarray:
        return np.where(np.abs(time - spike) < 5e-4, 1e3, 1e4)

    text = watch(volts(np.full(1_000_000, 0.1), 1e-3), chip=Steep(law, block=50_000))
    height = dots(text)
    (tall,) = np.flatnonzero(height > 30)
    left = len(re.search(r"^ *[\d.]+ uS ┤", text, re.MULTILINE)[0])
    assert (tall - left) / (79 - left) == pytest.approx(0.75, abs=0.02)
    assert np.median(height[left : 79 - 1]) <= 4
    assert "1 mS" in text
    assert "1000000 samples" in text


def test_conductance_that_spans_decades_has_a_logarithmic_axis() -> None:
    text = watch(volts(np.full(200, 0.1), 1.0), chip=Steep(lambda time: 1e9 * 10 ** (-time / 40)))
    labels = re.findall(r"^ *(\S+ .?S) ┤", text, re.MULTILINE)
    assert labels == ["10 uS", "1 uS", "100 nS", "10 nS"]


def test_rests_and_zero_levels_are_gaps() -> None:
    levels = np.full(300, 1.0)
    levels[100:200] = 0.0
    height = dots(watch(volts(levels, 1.0)))
    drawn = np.flatnonzero(height)
    assert (np.diff(drawn) > 1).sum() == 1
    assert np.diff(drawn).max() / (drawn[-1] - drawn[0] + 1) == pytest.approx(1 / 3, abs=0.03)


def test_compliance_is_flagged_now_and_where_it_was() -> None:
    levels = np.concatenate([np.full(100, 0.5), np.full(100, 2.0)])
    limited = Drive(np.full(200, 0.1), (force(levels, compliance=1e-4),))
    text = watch(limited)
    assert "COMPLIANCE" in text
    (row,) = re.findall(r"limited │( *)(!+)", text)
    assert len(row[0]) == pytest.approx(len(row[1]), abs=2)
    later = watch(limited, volts(np.full(100, 0.5)))
    assert "COMPLIANCE" not in later
    assert "limited" in later


def three(steps: int = 100) -> Drive:
    return Drive(np.full(steps, 0.1), tuple(force(np.full(steps, 0.1 * (1 + k)), k, low=None) for k in range(3)))


def rising() -> Steep:
    return Steep(lambda time: np.array([1e4, 2e4, 4e4])[: time.shape[1]] / (1 + time / 10))


def test_several_curves_have_a_colour_each_in_one_panel() -> None:
    screen = Screen()
    text = watch(three(), screen=screen, chip=rising())
    assert text.count("conductance") == 1
    for colour in COLOURS[:3]:
        assert any(0x2800 < ord(letter) <= 0x28FF for letter in screen.colours[colour])
    for name, conductance in (("A", "199.5 uS"), ("B", "99.75 uS"), ("C", "49.87 uS")):
        assert re.search(rf"^{name} +{conductance} ", text, re.MULTILINE)


def test_without_colours_each_curve_has_a_panel() -> None:
    screen = Screen()
    text = watch(three(), screen=screen, chip=rising(), environment={"NO_COLOR": "1"})
    assert set(screen.colours) == {""}
    assert re.findall(r"conductance  (\w)", text) == ["A", "B", "C"]
    assert len(screen.rows) <= 24


def test_curves_that_there_is_no_room_for_are_counted() -> None:
    chip = OhmicChip(block=10)
    chip.terminals = tuple(f"T{k}" for k in range(16))
    many = Drive(np.full(100, 0.1), tuple(force(np.full(100, 0.1), k, low=None) for k in range(16)))
    text = watch(many, chip=chip, environment={"NO_COLOR": "1"})
    drawn = text.count("conductance")
    assert drawn >= 2
    assert f"conductance ({16 - drawn} more are not drawn)  T0" in text


def test_more_pairs_than_there_is_room_for_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LINES", "12")
    chip = OhmicChip(block=10)
    chip.terminals = tuple(f"T{k}" for k in range(16))
    many = Drive(np.full(100, 0.1), tuple(force(np.full(100, 0.1), k, low=None) for k in range(16)))
    screen = Screen(80, 12)
    text = watch(many, screen=screen, chip=chip)
    shown = re.findall(r"(T\d+) +100 uS", text)
    assert f"{16 - len(shown)} more pairs" in text
    assert len(screen.rows) <= 12
    assert re.search("[\u2801-\u28ff]", text)


@pytest.mark.parametrize(("columns", "lines"), [(40, 10), (20, 5), (10, 3), (3, 2), (1, 1), (300, 100)])
def test_any_size_of_terminal(monkeypatch: pytest.MonkeyPatch, columns: int, lines: int) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("LINES", str(lines))
    screen = Screen(columns, lines)
    text = watch(three(400), screen=screen, chip=rising())
    assert all(len(row) <= columns for row in screen.rows)
    if lines >= 3:
        assert len(screen.rows) <= lines + 1
    if (columns, lines) == (40, 10):
        assert re.search("[\u2801-\u28ff]", text)
        assert "40 s" in text
        assert re.search(r"^A +500 uS +100 mV +50 uA$", text, re.MULTILINE)
        assert re.search(r"^C +125 uS +300 mV +37.5 uA$", text, re.MULTILINE)
    assert "finished: 400 samples"[: columns - 1] in text


def test_a_resize_in_the_middle_leaves_one_whole_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Screen()

    class Resized(OhmicChip):
        def _reading(self, drive, start, onset, part):
            for at, columns, lines in ((100, 50, 24), (200, 100, 24)):
                if part.start == at:
                    monkeypatch.setenv("COLUMNS", str(columns))
                    monkeypatch.setenv("LINES", str(lines))
                    screen.resize(columns, lines)
            return super()._reading(drive, start, onset, part)

    text = watch(volts(np.full(300, 0.2), 1.0), screen=screen, chip=Resized(block=10))
    visible = text.splitlines()[-23:]
    assert sum("conductance" in row for row in visible) == 1
    assert sum("└" in row for row in visible) == 1
    assert max(map(len, visible)) == 99


def test_letters_for_a_terminal_without_braille() -> None:
    text = watch(volts(np.linspace(0.1, 1, 200), 1.0), screen=Screen(encoding="latin-1"), chip=rising())
    assert text.isascii()
    assert "conductance  A > B" in text
    assert re.search(r"[.':]{5,}", text)
    assert re.search(r"\+-+\+-", text)


def test_a_log_gets_a_line_now_and_then_and_one_picture_at_the_end() -> None:
    text = watch(volts(np.full(1000, 0.2), 1.0), screen=io.StringIO(), lasts=0.25, duration=1000.0)
    assert "\x1b" not in text
    lines = text.splitlines()
    assert [line[25:29] for line in lines[:2]] == [" 40 ", " 80 "]
    assert text.count("conductance") == 1
    assert re.search("[\u2801-\u28ff]", text)
    assert len(lines) < 20
    assert lines[-1].startswith("finished: 1000 samples")


def test_a_failure_is_told_below_the_last_picture() -> None:
    text = watch(volts(np.full(100, 0.2), 1.0), fail_at=7)
    assert text.count("conductance") == 1
    assert text.splitlines()[-1].startswith("failed: 70 samples")


def test_what_was_told_about_an_interrupt_stays() -> None:
    screen = Screen()

    class Interrupted(OhmicChip):
        def _reading(self, drive, start, onset, part):
            if part.start == 50:
                screen.write("\nnwlab: stopping after this block\n")
                raise Stopped("Ctrl-C")
            return super()._reading(drive, start, onset, part)

    with pytest.raises(Stopped):
        watch(volts(np.full(100, 0.2), 1.0), screen=screen, chip=Interrupted(block=10))
    assert "nwlab: stopping after this block\n" in screen.text
    assert screen.text.splitlines()[-1].startswith("interrupted: 50 samples")


def test_a_pause_is_told_until_it_ends() -> None:
    screen, clock = Screen(), VirtualClock()
    plot = TerminalPlot(screen, clock, XTERM)
    plot(RunStarted(("A", "B", "C")))
    plot(Noted("pausing"))
    assert "pausing between drives, with the chip at rest" in screen.text
    for event in recorded(volts(np.full(20, 0.1))):
        clock.sleep(0.3)
        plot(event)
    assert "pausing" not in screen.text


def recorded(*drives: Drive) -> list[Event]:
    seen: list[Event] = []
    play(several(*drives), OhmicChip(block=10), (seen.append,))
    return seen


def test_an_ammeter_has_numbers_but_no_curve() -> None:
    drive = Drive(np.full(100, 0.1), (force(np.zeros(100), 0, low=None),))
    text = watch(drive)
    assert re.search(r"^A +- +0 V +0 A", text, re.MULTILINE)
    assert "conductance" not in text


def test_a_value_over_its_range_is_called_that() -> None:
    class Over(OhmicChip):
        def _reading(self, drive, start, onset, part):
            reading = super()._reading(drive, start, onset, part)
            reading.current[:] = np.nan
            reading.overflow[:] = True
            return reading

    assert "overflow" in watch(volts(np.full(100, 0.2), 1.0), chip=Over(block=10))


def test_drives_that_it_was_too_slow_to_be_told_of_are_left_out() -> None:
    run = WatchedRun()
    run.take(RunStarted(("A", "B")))
    events: list[Event] = []
    play(several(*[volts([1.0, 2.0]), volts([1.0]), volts([3.0, 4.0])]), OhmicChip(), (events.append,))
    for event in events:
        if not (isinstance(event, DriveStarted) and event.index == 1):
            run.take(event)
    run.settle()
    (pair,) = run.pairs
    assert pair.voltage == pytest.approx(4.0)
