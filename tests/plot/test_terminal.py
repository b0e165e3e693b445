"""Drawing on a terminal: in place, within its size, in letters that it has."""

from __future__ import annotations

import io

import pytest
from plot.screen import Screen

from nwlab.plot.braille import ASCII, BRAILLE
from nwlab.plot.terminal import Size, Span, Terminal, columns, fit

COLOURS = {"TERM": "xterm-256color"}


def lines(*texts: str) -> list[list[Span]]:
    return [[Span(text)] for text in texts]


@pytest.fixture
def sized(monkeypatch: pytest.MonkeyPatch) -> Screen:
    """A screen whose size the terminal finds out as it would from the system."""
    screen = Screen(40, 12)
    monkeypatch.setattr(Terminal, "size", lambda self: Size(screen.columns, screen.lines))
    return screen


def test_a_drawing_replaces_the_one_before_and_nothing_else(sized: Screen) -> None:
    sized.write("$ nwlab run\n")
    terminal = Terminal(sized, COLOURS)
    for count in (3, 5, 2):
        terminal.draw(lines(*(f"line {index} of {count}" for index in range(count))))
    assert sized.text == "$ nwlab run\nline 0 of 2\nline 1 of 2\n"
    terminal.write(lines("finished"))
    terminal.draw(lines("another"))
    assert sized.text.splitlines()[-2:] == ["finished", "another"]


def test_a_drawing_is_one_write(sized: Screen) -> None:
    Terminal(sized, COLOURS).draw(lines(*"abcdefgh"))
    assert sized.writes == 1


@pytest.mark.parametrize(("narrow", "wide"), [(17, 60), (39, 25), (9, 9)])
def test_another_size_leaves_nothing_behind(sized: Screen, narrow: int, wide: int) -> None:
    sized.write("$ nwlab run\n")
    terminal = Terminal(sized, COLOURS)
    terminal.draw(lines("a" * 38, "", "b" * 20))
    for width in (narrow, wide):
        sized.resize(width, 12)
        terminal.draw(lines("c" * 100, "", "d"))
        assert sized.text.replace("\n", "").startswith("$ nwlab run")
        shown = "c" * (width - 1)
        assert sized.text.endswith(f"{shown}\n\nd\n")
        assert sized.text.count(shown) == 1
        assert "a" not in sized.text.replace("nwlab", "")


def test_a_drawing_on_a_full_screen_scrolls_once(sized: Screen) -> None:
    sized.write("\n" * 11)
    terminal = Terminal(sized, COLOURS)
    for _ in range(20):
        terminal.draw(lines(*"abcdefghijk"))
    assert len(sized.rows) == 12 + 11


def test_wide_letters_and_accents_are_counted_as_they_are_shown() -> None:
    assert columns("読む") == 4
    assert columns("e\u0301") == 1
    assert fit("読む A", 3) == "読"
    assert fit("A → B", 3) == "A →"


def test_what_a_name_may_hold_does_not_reach_the_terminal(sized: Screen) -> None:
    Terminal(sized, COLOURS).draw(lines("A\x1b[2J\x07\nB"))
    assert sized.text == "A?[2J??B\n"


@pytest.mark.parametrize("encoding", ["latin-1", "cp437", "ascii"])
def test_a_terminal_without_braille_gets_letters_it_has(sized: Screen, encoding: str) -> None:
    screen = Screen(40, 12, encoding)
    terminal = Terminal(screen, COLOURS)
    assert terminal.letters is ASCII
    terminal.draw(lines("A → B █░ 5 µS 読"))
    assert screen.text.startswith("A > B #- 5 uS")


def test_colours_are_left_out_where_they_are_not_wanted(sized: Screen) -> None:
    coloured = [[Span("red", "31")]]
    for environment, expected in ((COLOURS, True), ({**COLOURS, "NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True)):
        terminal = Terminal(sized, environment)
        assert terminal.has_colours is expected
        sized.colours.clear()
        terminal.draw(coloured)
        assert ("31" in sized.colours) is expected


def test_what_is_no_screen() -> None:
    assert not Terminal(io.StringIO(), COLOURS).is_screen
    assert not Terminal(Screen(), {"TERM": "dumb"}).is_screen
    assert Terminal(Screen(), {"TERM": "linux"}).letters is ASCII
    assert Terminal(Screen(), COLOURS).letters is BRAILLE
