"""How a run ended, in one value."""

from __future__ import annotations

from nwlab.core.errors import NwlabError, Terminated
from nwlab.core.events import RunFinished

FINISHED = RunFinished("finished", 0)


def verdict(error: BaseException) -> RunFinished:
    """Return status, exit code and reason of a run that `error` ended."""
    if isinstance(error, KeyboardInterrupt):
        return RunFinished("interrupted", 130, str(error) or "Ctrl-C")
    if isinstance(error, Terminated):
        return RunFinished("interrupted", error.exit_code, f"ended by the system: {error}")
    if isinstance(error, NwlabError):
        return RunFinished("failed", error.exit_code, str(error))
    return RunFinished("failed", 1, f"{type(error).__name__}: {error}")
