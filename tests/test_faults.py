"""Every fault of the list has a test that plants it, and the table of them is current."""

from __future__ import annotations

from fault_table import TABLE, TITLES, proofs


def test_no_fault_is_without_a_proof() -> None:
    found = proofs()
    assert {proof.fault for proof in found} == set(TITLES) == set(range(1, 43))
    assert all(len(proof.seen) > 10 for proof in found)


def test_the_table_is_current_and_everything_in_it_passed() -> None:
    rows = [line for line in TABLE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    told = {tuple(part.strip(" `") for part in row.strip("|").split(" | ")[::2]) for row in rows}
    assert {fault for fault, _ in told} == {str(proof.fault) for proof in proofs()}
    assert {test for _, test in told} == {proof.test for proof in proofs()}
    assert all("| passed: " in row for row in rows)
