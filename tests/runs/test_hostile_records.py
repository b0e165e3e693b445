"""Records that are whole to the eye, but say nonsense: nothing crashes, nothing is believed."""

from __future__ import annotations

import contextlib
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some
from runs.ohmic import OhmicChip, force, several, volts

from nwlab.core.drive import Drive
from nwlab.core.errors import StorageError
from nwlab.core.record import BLOCKS, JOURNAL, MANIFEST, Document, RunInfo, decode_line, encode_line
from nwlab.runs import index
from nwlab.runs.index import scan
from nwlab.runs.player import play
from nwlab.runs.recording import Run, load_run
from nwlab.runs.recover import recover
from nwlab.runs.store import Store

NONSENSE = [None, -1, 10**30, 1.5, "", "x", [], [1], {"x": 1}]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    info = RunInfo(
        "x", {"chip": Document("c.toml", "text")}, {"a": "1 V"}, {"smu": "2636B"}, {"nwlab": "1"}, 3, "b", "c"
    )
    store = Store(tmp_path / "r", info)
    two = Drive(np.full(3, 0.1), (force([1, 2, 3]), force([0, 0, 1], terminal=2, low=None)), (), np.full(3, 0.01))
    play(several(volts([1, 2, 3]), two), OhmicChip(block=2), (store,))
    lines = (tmp_path / "r" / JOURNAL).read_bytes().splitlines(keepends=True)
    note = {"event": "note", "at": "2026-01-01T00:00:00+00:00", "kind": "k", "content": {"y": 1}}
    numbered = [*map(decode_line, lines[:3]), note, *map(decode_line, lines[3:])]
    write(tmp_path / "r", numbered)
    assert not load_run(tmp_path / "r").dropped
    return load_run(tmp_path / "r")


def write(folder: Path, lines: list[dict[str, Any]]) -> None:
    content = [{key: value for key, value in line.items() if key != "crc"} for line in lines]
    whole = b"".join(encode_line({**line, "n": number}) for number, line in enumerate(content))
    (folder / JOURNAL).write_bytes(whole)


def use(run: Run) -> int:
    """Ask everything of a run that can be asked; returns how many samples it gave."""
    repr(run), run.status, run.exit_code, run.reason, run.started, run.ended, run.notes, run.info, run.last_written
    for drive in run.drives:
        assert drive.reading.steps == drive.samples
        with contextlib.suppress(StorageError):
            assert drive.drive.steps == drive.steps
    return run.samples


def alterations(content: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The content with each of its values, also inner ones, lost or replaced by nonsense."""
    for key, value in content.items():
        yield {other: content[other] for other in content if other != key}
        for nonsense in NONSENSE:
            yield {**content, key: nonsense}
        if isinstance(value, list) and value and isinstance(value[0], dict):
            for inner in alterations(value[0]):
                yield {**content, key: [inner, *value[1:]]}
        if isinstance(value, dict):
            for inner in alterations(value):
                yield {**content, key: inner}


@pytest.mark.fault(
    40, "Journal lines with right checksums and nonsense in any value: an exact prefix, no crash, no wrong number."
)
def test_a_hostile_line_of_the_journal_is_not_believed(run: Run) -> None:
    lines = [decode_line(line) for line in (run.path / JOURNAL).read_bytes().splitlines(keepends=True)]
    levels = run.rows().voltage
    for number, line in enumerate(lines):
        for altered in alterations(line):
            write(run.path, [*lines[:number], {**altered}, *lines[number + 1 :]])
            found = load_run(run.path)
            assert use(found) <= run.samples
            with contextlib.suppress(StorageError):
                np.testing.assert_array_equal(found.rows().voltage, levels[: len(found)])


@pytest.mark.fault(40, "run.json with nonsense in any value, half, empty or no object: the run is read all the same.")
def test_a_damaged_manifest_is_no_reason_to_refuse_a_run(run: Run) -> None:
    path = run.path / MANIFEST
    content = json.loads(path.read_text())
    texts = [json.dumps(altered) for altered in alterations(content)]
    texts += ["", "{", "[]", "null", "1e999", "[" * 100_000, "\u0000", '{"terminals": [1]}']
    for text in texts:
        path.write_text(text)
        found = load_run(run.path)
        assert use(found) == run.samples
        assert len(found.rows()) == len(run)
        assert found.terminals == run.terminals


@pytest.mark.fault(40, "Any bytes at all as journal and samples: nothing that was not acknowledged comes out.")
@settings(max_examples=200, deadline=None)
@given(some.binary(max_size=400), some.binary(max_size=200))
def test_any_bytes_are_an_empty_journal(journal: bytes, blocks: bytes) -> None:
    found = scan(io.BytesIO(journal), io.BytesIO(blocks))
    assert (len(found.lines), len(found.offset), found.run) == (0, 0, {})
    assert found.dropped.journal_bytes == len(journal)
    assert found.dropped.block_bytes == len(blocks)


@pytest.mark.fault(40, "A line without end is not read into memory as a whole.")
def test_a_line_without_end_is_bounded(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(index, "LONGEST", 1000)
    asked: list[int] = []

    class Endless(io.BytesIO):
        def readline(self, size: int = -1, /) -> bytes:
            asked.append(size)
            return super().readline(size)

    whole = (run.path / JOURNAL).read_bytes()
    journal = Endless(whole + b"x" * 100_000)
    found = scan(journal, io.BytesIO((run.path / BLOCKS).read_bytes()))
    assert sum(found.samples) == run.samples
    assert found.dropped.journal_bytes == 100_000
    assert set(asked) == {1000}


@pytest.mark.fault(40, "`recover` of a hostile record marks it and alters neither journal nor samples.")
def test_a_hostile_record_is_recovered(run: Run) -> None:
    lines = [decode_line(line) for line in (run.path / JOURNAL).read_bytes().splitlines(keepends=True)]
    write(run.path, [*lines[:-1], {"event": "end", "status": "splendid"}])
    (run.path / MANIFEST).write_text('{"documents": 3')
    journal = (run.path / JOURNAL).read_bytes()
    recovery = recover(run.path)
    assert (recovery.run.status, recovery.run.samples) == ("interrupted", run.samples)
    assert "nothing ends as 'splendid'" in str(recovery)
    assert (run.path / JOURNAL).read_bytes() == journal
