"""The house keeps its order: who may import whom."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from importlinter.cli import lint_imports_command

ROOT = Path(__file__).parent.parent


def test_the_import_contracts_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    outcome = CliRunner().invoke(lint_imports_command, ["--no-cache"])
    assert outcome.exit_code == 0, outcome.output
