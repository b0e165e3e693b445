"""What lasts is told when it begins, and then ever more rarely; what is rare is told each time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from twin.records import LAW, START, record
from twin.test_watch import FILM

from nwlab.core.events import Expected, Noted
from nwlab.twin.alarms import Alarms
from nwlab.twin.companion import Companion
from nwlab.twin.scalar import ScalarTwin
from nwlab.twin.spells import Spell, Spells


def told(spell: Spell, steps: list[int]) -> dict[int, int]:
    return {step: times for step in steps if (times := spell.take(step))}


def test_what_is_rare_is_told_each_time() -> None:
    steps = list(range(0, 50_000, 1000))
    assert told(Spell(1000), steps) == dict.fromkeys(steps, 1)


def test_what_lasts_is_told_ever_more_rarely_and_none_is_lost() -> None:
    found = told(Spell(1000), list(range(1, 3102)))
    assert found == {1: 1, 101: 100, 301: 200, 701: 400, 1501: 800, 3101: 1600}


def test_after_a_long_silence_it_is_new() -> None:
    spell = Spell(1000)
    told(spell, list(range(500)))
    assert told(spell, [700, 2700, 2750, 2800]) == {700: 200, 2700: 1, 2800: 2}


def test_what_was_not_told_before_a_silence_is_told_behind_it() -> None:
    spell = Spell(500)
    assert told(spell, list(range(51))) == {0: 1}
    assert told(spell, [1050, 3000]) == {1050: 51, 3000: 1}


def test_some_in_a_row_are_told_each() -> None:
    found = told(Spell(10, 4), list(range(1, 1000)))
    assert list(found)[:4] == [1, 2, 3, 4]
    assert len(found) < 10
    assert told(Spell(10, 4), list(range(0, 3000, 10))) == dict.fromkeys(range(0, 3000, 10), 1)


def test_each_kind_lasts_by_itself_and_ends_when_all_is_well() -> None:
    spells = Spells()
    assert [spells.take(what, step, 2e4) for step, what in enumerate("ababab")] == [1, 1, 0, 0, 0, 0]
    spells.clear()
    assert spells.take("a", 10, 2e4) == 1


def twin_of_law() -> Companion:
    return Companion(ScalarTwin(LAW, START, FILM.read_noise), Alarms())


def test_a_chip_that_its_model_does_not_fit_does_not_flood_the_record() -> None:
    misfit = replace(LAW, g_max=0.7 * LAW.g_max, noise=20 * LAW.noise)
    twin = twin_of_law()
    found = [note for event in record([(misfit, 3000)], 81).events(50) for note in twin(event)]
    notes, summary = [note for note in found if isinstance(note, Noted)], twin.summary()
    alarms, jumps = summary.content["alarms"], summary.content["jumps"]
    assert sum(alarms.values()) > 300  # type: ignore[attr-defined]
    assert jumps > 300  # type: ignore[operator]
    assert 10 < len(notes) < 100
    sums = [note.content for note in notes if note.kind == "alarm" and "what" not in note.content]
    for kind in {content["kind"] for content in sums}:
        steps = [content["step"] for content in sums if content["kind"] == kind]
        assert np.all(np.diff(np.array(steps)) >= 100)
    many = [note.content for note in notes if note.kind == "jump"][-1]
    assert many["times"] > 100  # type: ignore[operator]
    assert str(many["times"]) in str(many["text"])


def test_each_jump_of_a_chip_that_fits_is_told() -> None:
    twin = twin_of_law()
    found = [note for event in record([(LAW, 3000)], 82).events(50) for note in twin(event)]
    sure = sum(
        int(np.sum(event.jump > 0.95)) for event in found if isinstance(event, Expected) and event.jump is not None
    )
    told_of = [note.content for note in found if isinstance(note, Noted) and note.kind == "jump"]
    assert len(told_of) == sure == twin.summary().content["jumps"] > 5
    assert all(content["times"] == 1 and "text" not in content for content in told_of)
