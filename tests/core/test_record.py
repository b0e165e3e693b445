"""Lines and frames: what is read is exactly what was written, or nothing."""

from __future__ import annotations

import io
import json
import math
from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from nwlab.core.drive import Drive, Force, Quantity
from nwlab.core.frames import (
    DamageError,
    Kind,
    decode_drive,
    decode_reading,
    encode_drive,
    encode_frame,
    encode_reading,
    read_frame,
)
from nwlab.core.reading import Reading
from nwlab.core.record import (
    Document,
    RunInfo,
    decode_line,
    describe_drive,
    encode_line,
    info_from_json,
    info_to_json,
    rebuild_drive,
)

CONTENT = {"n": 3, "event": "note", "content": {"text": 'a "quoted",\nµ', "at": [1.5, None]}}


def reading(steps: int, forces: int) -> Reading:
    draw = np.random.default_rng(1)
    table = draw.normal(size=(4, steps, forces))
    flags = draw.random((2, steps, forces)) < 0.5
    table[3][flags[1]] = np.nan
    return Reading(1.25, np.arange(steps) / 3, table[0], table[1], table[2], table[3], flags[0], flags[1])


def test_line_comes_back_and_is_plain_json() -> None:
    line = encode_line(CONTENT)
    assert line.count(b"\n") == 1
    assert decode_line(line) == CONTENT
    assert json.loads(line) == {**CONTENT, "crc": json.loads(line)["crc"]}


def test_line_accepts_no_cut_and_no_flipped_bit() -> None:
    line = encode_line(CONTENT)
    damaged = [line[:end] for end in range(len(line))]
    damaged += [
        bytes([*line[:at], line[at] ^ 1 << bit, *line[at + 1 :]]) for at in range(len(line)) for bit in range(8)
    ]
    for each in damaged:
        with pytest.raises(DamageError):
            decode_line(each)


@given(some.binary(max_size=60))
def test_no_noise_is_taken_for_a_line(noise: bytes) -> None:
    with pytest.raises(DamageError):
        decode_line(noise)


def test_numbers_that_json_lacks_become_null() -> None:
    line = decode_line(encode_line({"n": 0, "content": {"a": math.nan, "b": np.float64(2.5), "c": np.arange(2)}}))
    assert line["content"] == {"a": None, "b": 2.5, "c": [0, 1]}


def test_frame_accepts_no_cut_and_no_flipped_bit() -> None:
    frame = encode_frame(Kind.READING, 7, encode_reading(reading(2, 1)))
    assert read_frame(io.BytesIO(frame), 0, len(frame), Kind.READING, 7)
    damaged = [frame[:end] for end in range(len(frame))]
    damaged += [
        bytes([*frame[:at], frame[at] ^ 1 << bit, *frame[at + 1 :]]) for at in range(len(frame)) for bit in range(8)
    ]
    for each in damaged:
        with pytest.raises(DamageError):
            read_frame(io.BytesIO(each), 0, len(frame), Kind.READING, 7)


@pytest.mark.parametrize(("kind", "number"), [(Kind.DRIVE, 7), (Kind.READING, 8)])
def test_frame_is_not_taken_for_another(kind: Kind, number: int) -> None:
    frame = encode_frame(Kind.READING, 7, b"x")
    with pytest.raises(DamageError):
        read_frame(io.BytesIO(frame), 0, len(frame), kind, number)


@pytest.mark.parametrize(("steps", "forces"), [(1, 1), (5, 3), (4, 0), (0, 2)])
def test_reading_comes_back_to_the_last_bit(steps: int, forces: int) -> None:
    before = reading(steps, forces)
    after = decode_reading(encode_reading(before))
    for each in fields(Reading):
        np.testing.assert_array_equal(getattr(after, each.name), getattr(before, each.name))
        assert np.shape(getattr(after, each.name)) == np.shape(getattr(before, each.name))


@pytest.mark.parametrize("delay", [None, np.array([0.01, 0.02])])
def test_drive_comes_back_to_the_last_bit(delay: np.ndarray | None) -> None:
    forces = (
        Force(0, Quantity.VOLTAGE, np.array([0.1, 0.2]), 1e-4, low=1, range=1e-3),
        Force(2, Quantity.CURRENT, np.array([1e-7, -1 / 3]), 2.0, sense=(1, 3)),
    )
    before = Drive(np.array([0.1, 0.3]), forces, ground=(4,), read_delay=delay, hold=True)
    line = decode_line(encode_line(describe_drive(before, ("A", "B", "C", "D", "E"))))
    after = rebuild_drive(line, *decode_drive(encode_drive(before)))
    assert (after.ground, after.hold) == ((4,), True)
    np.testing.assert_array_equal(after.dwell, before.dwell)
    np.testing.assert_array_equal(after.read_delay, before.read_delay)
    for one, other in zip(after.forces, before.forces, strict=True):
        np.testing.assert_array_equal(one.levels, other.levels)
        for name in ("terminal", "quantity", "compliance", "low", "sense", "range"):
            assert getattr(one, name) == getattr(other, name)


def test_info_comes_back() -> None:
    info = RunInfo("iv", {"bench": Document("b.toml", "x = 1")}, {"peak": "2 V"}, {"a": "KEITHLEY"}, {"nwlab": "0"}, 5)
    assert info_from_json(json.loads(json.dumps(info_to_json(info)))) == info
