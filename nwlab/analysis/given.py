"""What a person says is known, with --set."""

from __future__ import annotations

from nwlab.core.errors import UsageError
from nwlab.core.units import UnitError, parse


def given_number(key: str, text: str, unit: str) -> float:
    """Read a number that is given; raises UsageError naming the key, what was given and the unit wanted."""
    try:
        return parse(text, unit)
    except UnitError as error:
        raise UsageError(f"--set {key}: {error}") from error
