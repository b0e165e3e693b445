"""Every fault of the list has a test that plants it, and the table of them says what was run."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from fault_table import TABLE, TESTS, TITLES, TRIALS, Account, proofs, table

WHERE = sorted({proof.test for proof in proofs()})


def whole() -> Account:
    """A session that ran every proof."""
    account = Account(due=set(WHERE))
    for test in WHERE:
        account.ended(test, "passed")
        account.finished(test)
    return account


def test_no_fault_is_without_a_proof() -> None:
    found = proofs()
    assert {proof.fault for proof in found} == set(TITLES) == set(range(1, 43))
    assert all(len(proof.seen) > 10 for proof in found)


def test_the_table_says_what_the_marks_say_and_that_all_passed() -> None:
    """Word for word: a mark that was changed is a promise that nobody has seen kept."""
    assert TABLE.read_text(encoding="utf-8") == table(whole().outcomes)


def test_a_session_vouches_only_for_what_it_ran_to_the_end() -> None:
    assert whole().not_run() == []
    one = WHERE[3]
    for spoil in (
        lambda account: account.left_out.add(f"{one}[x]"),  # one of many parameters was not wanted
        lambda account: account.due.add(f"{one}[x]"),  # or its turn never came
        lambda account: account.outcomes.pop(one),
    ):
        account = whole()
        spoil(account)
        assert [node.removesuffix("[x]") for node in account.not_run()] == [one]


def test_the_worst_of_many_parameters_counts() -> None:
    account = Account()
    for outcome in ("passed", "skipped", "failed", "passed"):
        account.ended(f"tests/a/test_b.py::TestC::test_d[{outcome}]", outcome)
    assert account.outcomes == {"a/test_b.py::test_d": "failed"}


@pytest.mark.slow
@pytest.mark.parametrize(
    "asked", [["tests/test_startup.py"], ["tests/runs/test_compliance.py", "-k", "held", "-m", "fault"]]
)
def test_part_of_the_proofs_writes_no_table(tmp_path: Path, asked: list[str]) -> None:
    path = tmp_path / "table.md"
    words = [*asked, "--collect-only", "-q", "--trials", str(TRIALS), "--fault-table", str(path)]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *words],
        cwd=TESTS.parent,
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    assert ended.returncode == 1, ended.stdout + ended.stderr
    assert "the table of faults was not written" in ended.stdout
    assert "not run: deaths/test_deaths.py::test_death_after_death" in ended.stdout
    assert not path.exists()
