"""What is asked of a twin, and how its answer crosses to a record and back."""

from __future__ import annotations

import math
from dataclasses import fields, replace

import numpy as np
import pytest

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.errors import DriveError, TwinError
from nwlab.core.events import Noted
from nwlab.core.expect import Expect, Expectation, decode_expectation, encode_expectation
from nwlab.core.frames import DamageError
from nwlab.core.record import decode_line, encode_line
from nwlab.runs.oracle import note_of, recalled

DRIVE = Drive(np.array([0.1, 0.2]), (Force(1, Quantity.VOLTAGE, np.array([1.0, math.pi]), 1e-3, low=0),))


def expectation(steps: int = 2, forces: int = 1) -> Expectation:
    chance = np.random.default_rng(3)
    table = chance.standard_normal((5, steps, forces))
    flags = table[:2] > 0
    sd = np.full((steps, forces), np.nan)
    sd[-1] = 1e-300
    onset = chance.standard_normal(steps)
    return Expectation(1 / 3, onset, table[0], table[1], table[2], table[3], flags[0], flags[1], sd)


@pytest.mark.parametrize(("steps", "forces"), [(2, 1), (7, 3), (1, 0)])
def test_an_expectation_comes_back_to_the_last_bit(steps: int, forces: int) -> None:
    sent = expectation(steps, forces)
    back = decode_expectation(encode_expectation(sent))
    for field in fields(Expectation):
        np.testing.assert_array_equal(getattr(back, field.name), getattr(sent, field.name), err_msg=field.name)


def test_one_that_is_cut_off_is_noticed() -> None:
    payload = encode_expectation(expectation())
    for size in range(len(payload)):
        with pytest.raises(DamageError):
            decode_expectation(payload[:size])


@pytest.mark.parametrize("within", [0.0, -1.0, math.inf, math.nan])
def test_a_question_without_a_deadline_is_none(within: float) -> None:
    with pytest.raises(DriveError, match="more than 0 s for an answer"):
        Expect(DRIVE, within)


def test_a_question_is_about_a_drive() -> None:
    with pytest.raises(DriveError, match="not 'up'"):
        Expect("up")  # type: ignore[arg-type]


def through_journal(note: Noted) -> dict[str, object]:
    return decode_line(encode_line({"content": note.content}))["content"]


def test_a_note_gives_the_answer_back_to_the_same_question_only() -> None:
    sent = expectation()
    content = through_journal(note_of(DRIVE, 4, sent))
    back = recalled(content, DRIVE)
    assert isinstance(back, Expectation)
    np.testing.assert_array_equal(back.current, sent.current)
    np.testing.assert_array_equal(back.sd, sent.sd)
    for other in (
        replace(DRIVE, hold=True),
        replace(DRIVE, dwell=DRIVE.dwell * (1 + 1e-15)),
        replace(DRIVE, forces=()),
    ):
        assert recalled(content, other) is None
    assert recalled({**content, "answer": "torn"}, DRIVE) is None


def test_a_note_of_no_answer_says_so_again() -> None:
    content = through_journal(note_of(DRIVE, 4, TwinError("it slept")))
    back = recalled(content, DRIVE)
    assert isinstance(back, TwinError)
    assert str(back) == "it slept"
