"""The queue, dry runs and past runs, with real programs."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from live.test_start_draft import LISTS, named

from nwlab.core.errors import UsageError
from nwlab.core.record import MANIFEST
from nwlab.live.run.wording import Mood
from nwlab.live.start.catalogue import Catalogue, entry_of
from nwlab.live.start.draft import Choices, Draft
from nwlab.live.start.outcome import outcome_of
from nwlab.live.start.past import CUT_OFF, PastRuns, choices_of
from nwlab.live.start.player import Begun, Over, Player, job_of
from nwlab.live.start.program import Ended, Program
from nwlab.live.start.rehearsal import Rehearsal, refusal
from nwlab.live.start.words import told_of


def draft(out: Path, protocol: str = "pulses", bench: str = "virtual", **others: object) -> Draft:
    plain = Choices(named("protocols", protocol), named("benches", bench), out=str(out))  # type: ignore[arg-type]
    return Draft(replace(plain, **others), LISTS)  # type: ignore[arg-type]


def until(found: Callable[[], object], seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not found():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def player() -> Iterator[Player]:
    player = Player()
    yield player
    player.close()


def everything(player: Player) -> list[Begun | Over]:
    happened: list[Begun | Over] = []

    def look() -> bool:
        happened.extend(player.look())
        return player.playing is None

    until(look)
    return happened


def test_the_queue_plays_one_after_the_other(tmp_path: Path, player: Player) -> None:
    model = draft(tmp_path, model=True, texts={"count": "5"})
    player.waiting += [job_of(model), job_of(draft(tmp_path, model=True, texts={"count": "6"}))]
    player.go_on()
    assert player.playing is not None
    first, over, second, last = everything(player)
    assert isinstance(first, Begun)
    assert isinstance(second, Begun)
    assert isinstance(over, Over)
    assert (over.folder, over.ended.code, over.ended.said["samples"]) == (first.folder, 0, 10)
    assert isinstance(last, Over)
    assert last.ended.said["samples"] == 12
    assert first.folder != second.folder
    assert told_of(over).mood is Mood.GOOD
    assert {past.folder for past in PastRuns().look(tmp_path)} == {first.folder, second.folder}


def test_a_failure_halts_the_queue(tmp_path: Path, player: Player) -> None:
    bad = draft(tmp_path, model=True, texts={"width": "200 ms"})
    player.waiting += [job_of(bad), job_of(draft(tmp_path, model=True))]
    player.go_on()
    over = everything(player)[-1]
    assert isinstance(over, Over)
    assert over.ended.code == 4
    assert player.halted == "the last run did not end well"
    assert len(player.waiting) == 1
    told = told_of(over)
    assert told.mood is Mood.ALARM
    assert "was refused by a limit" in told.text
    assert "pulses of 0.2 s do not fit into a period of 0.1 s" in told.text
    assert "pulses.toml:14: step.1" in told.text
    player.go_on()
    everything(player)
    assert (player.waiting, player.halted) == ([], "")


def test_a_run_that_is_played_is_stopped_and_comes_again(tmp_path: Path, player: Player) -> None:
    slow = draft(tmp_path, texts={"count": "9999"}, speed=10.0)
    player.play(job_of(slow))
    until(lambda: [news for news in player.look() if isinstance(news, Begun)])
    player.stop()
    assert player.is_stopping
    (over,) = everything(player)
    assert isinstance(over, Over)
    assert not player.is_stopping
    told = told_of(over)
    assert (told.mood, over.ended.said["status"]) == (Mood.NOTE, "interrupted")
    assert ": interrupted: stopped by a person at its window; the record is in" in told.text
    assert "safe state confirmed" in told.text
    (past,) = PastRuns().look(tmp_path)
    assert choices_of(past, LISTS, str(tmp_path)).speed == 10.0


def test_a_run_that_has_not_begun_is_stopped_at_once(tmp_path: Path, player: Player) -> None:
    player.play(job_of(draft(tmp_path, texts={"count": "9999"}, speed=1.0)))
    player.stop()
    (over,) = everything(player)
    assert isinstance(over, Over)
    assert over.ended.code in (-15, 143)


def test_the_order_of_the_queue(tmp_path: Path, player: Player) -> None:
    jobs = [job_of(draft(tmp_path, seed=str(number))) for number in range(3)]
    player.waiting += jobs
    assert player.move(2, -1) == 1
    assert player.move(0, -1) == 0
    assert player.move(0, 5) == 2
    assert [job.order.seed for job in player.waiting] == [2, 1, 0]


def test_a_real_run_is_not_started_from_files_that_have_changed(tmp_path: Path, player: Player) -> None:
    protocol = tmp_path / "mine.toml"
    protocol.write_text('name = "mine"\n[[step]]\ndo = "rest"\nduration = "1 s"\n')
    made = draft(tmp_path, bench="lab16")
    job = job_of(Draft(replace(made.choices, protocol=entry_of(protocol)), LISTS))
    assert job.changed() == ""
    protocol.write_text('name = "mine"\n[[step]]\ndo = "rest"\nduration = "9 s"\n\n')
    player.waiting.append(job)
    player.go_on()
    assert player.playing is None
    assert player.halted.startswith(f"{protocol} has changed since the dry run")


@pytest.mark.parametrize(
    ("code", "words", "mood"),
    [
        (2, "cannot be played as it was asked for", Mood.NOTE),
        (3, "a file is not as it must be", Mood.NOTE),
        (4, "refused by a limit", Mood.ALARM),
        (5, "an instrument or its link", Mood.ALARM),
        (6, "the record could not be kept", Mood.ALARM),
        (7, "SAFE STATE NOT CONFIRMED", Mood.ALARM),
        (130, "interrupted", Mood.NOTE),
        (-9, "ended by signal 9", Mood.ALARM),
        (1, "left with code 1", Mood.ALARM),
    ],
)
def test_every_end_has_words(tmp_path: Path, code: int, words: str, mood: Mood) -> None:
    job = job_of(draft(tmp_path, bench="lab16"))
    told = told_of(Over(job, None, Ended(code, {}, ("because",))))
    assert told.mood is mood
    assert words in told.text
    assert "because" in told.text
    assert told.command.startswith("nwlab bench safe ") == (code == 7)


@pytest.fixture
def rehearsal() -> Iterator[Rehearsal]:
    rehearsal = Rehearsal()
    yield rehearsal
    rehearsal.close()


def test_real_instruments_need_a_dry_run_of_exactly_these_settings(tmp_path: Path, rehearsal: Rehearsal) -> None:
    real = draft(tmp_path, bench="lab16")
    assert "make a dry run of exactly these settings first" in refusal(real, rehearsal)
    rehearsal.begin(real)
    assert "wait for the end of the dry run" in refusal(real, rehearsal)
    until(rehearsal.look)
    assert refusal(real, rehearsal) == ""
    outcome = rehearsal.outcome
    assert outcome is not None
    assert outcome.summary() == "5 s on the bench; 1 drive, 100 samples; 2 relay operations at m:A01, m:B02"
    assert [row[:3] for row in outcome.rows()] == [("A", "3.6 V of 4 V", "3.763 uA of 500 uA")]
    assert refusal(draft(tmp_path / "elsewhere", bench="lab16"), rehearsal) == ""
    other = draft(tmp_path, bench="lab16", texts={"amplitude": "3.5 V"})
    assert "make a dry run" in refusal(other, rehearsal)


def test_what_a_dry_run_refuses_is_not_started_anywhere(tmp_path: Path, rehearsal: Rehearsal) -> None:
    bad = draft(tmp_path, texts={"width": "200 ms"})
    assert refusal(bad, rehearsal) == ""
    rehearsal.begin(bad)
    until(rehearsal.look)
    assert refusal(bad, rehearsal) == "the dry run of these settings was refused"
    assert rehearsal.outcome is not None
    (refused,) = rehearsal.outcome.refused
    assert "pulses.toml:14: step.1" in refused


def test_a_file_that_cannot_be_bound_is_refused_with_its_place(tmp_path: Path, rehearsal: Rehearsal) -> None:
    path = tmp_path / "mine.toml"
    path.write_text('name = "mine"\n[[step]]\ndo = "rest"\nduraton = "1 s"\n')
    rehearsal.begin(Draft(replace(draft(tmp_path).choices, protocol=entry_of(path)), LISTS))
    until(rehearsal.look)
    assert rehearsal.outcome is not None
    assert f"{path}:4: step.1.duraton: unknown key" in rehearsal.outcome.refused[0] or "'duration' is missing" in str(
        rehearsal.outcome.refused
    )


def test_a_newer_dry_run_takes_the_place_of_the_older(tmp_path: Path, rehearsal: Rehearsal) -> None:
    rehearsal.begin(draft(tmp_path, protocol="stochastic"))
    rehearsal.begin(draft(tmp_path, model=True))
    until(rehearsal.look)
    assert rehearsal.outcome is not None
    assert rehearsal.outcome.samples == 100
    folder = rehearsal.folder
    assert folder is not None
    rehearsal.close()
    assert not folder.exists()


def test_a_dry_run_that_dies_is_no_permission() -> None:
    assert outcome_of(Ended(-9, {}, ())).refused == ("the dry run left with code -9, without a word",)
    assert outcome_of(Ended(1, {}, ("ValueError: x",))).refused == ("ValueError: x",)


def test_what_a_program_says_at_last() -> None:
    program = Program(["run", "nothing-of-that-name", "--json"])
    ended: list[Ended] = []
    until(lambda: (found := program.look()) is not None and not ended.append(found))
    assert ended[0].code == 2
    assert ended[0].complaints[0].startswith("there is no protocol 'nothing-of-that-name'")


def test_a_past_run_fills_the_form_again(tmp_path: Path, player: Player) -> None:
    amplitude = f"{1 / 3!r} V"
    texts = {"amplitude": amplitude, "count": "3"}
    resistor = named("chips", "resistor-10k")
    asked = draft(tmp_path, chip=resistor, twin=resistor, seed="5", texts=texts)
    player.play(job_of(asked))
    everything(player)
    (past,) = PastRuns().look(tmp_path)
    assert (past.status, past.where) == ("finished", "resistor-10k on virtual")
    assert past.picture == past.folder / "trace.png"
    lists: Catalogue = LISTS
    assert Draft(choices_of(past, lists, str(tmp_path)), lists).order() == asked.order()


def test_a_run_whose_twin_was_corrected_otherwise_is_for_the_command_line(tmp_path: Path, player: Player) -> None:
    """The form has no field for it, and another filter would be another twin."""
    resistor = named("chips", "resistor-10k")
    player.play(job_of(draft(tmp_path, chip=resistor, twin=resistor, texts={"count": "3"})))
    everything(player)
    (past,) = PastRuns().look(tmp_path)
    other = replace(past, info=replace(past.info, opened={**past.info.opened, "twin_filter": "off"}))
    with pytest.raises(UsageError, match="had a twin with --twin-filter off, for which there is the command line only"):
        choices_of(other, LISTS, str(tmp_path))


def test_a_run_that_was_killed_is_listed_as_cut_off(tmp_path: Path) -> None:
    folder = tmp_path / "20260101T000000Z_x"
    folder.mkdir()
    (folder / MANIFEST).write_text(json.dumps({"name": "x", "status": "running"}))
    (tmp_path / "no run").mkdir()
    (tmp_path / "odd").mkdir()
    (tmp_path / "odd" / MANIFEST).write_text("[]")
    (past,) = PastRuns().look(tmp_path)
    assert (past.status, past.info.name, past.started, past.picture) == (CUT_OFF, "x", "", None)
    assert PastRuns().look(tmp_path / "nowhere") == []
