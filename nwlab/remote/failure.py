"""Errors over the wire: what went wrong there is raised here as what it was."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nwlab.core import errors
from nwlab.core.errors import FileError, InstrumentError, NwlabError
from nwlab.remote.message import Message


def _family(kind: type[NwlabError]) -> dict[str, type[NwlabError]]:
    """Return an error of nwlab's tree and all below it, by name."""
    family = {kind.__name__: kind}
    for child in kind.__subclasses__():
        if child.__module__ == errors.__name__:
            family |= _family(child)
    return family


_KINDS = _family(NwlabError)


def failure_message(error: Exception) -> Message:
    """Wrap an error; one from elsewhere arrives as the kind that it is of, or as a fault of nwlab with its name."""
    kinds = (kind.__name__ for kind in type(error).__mro__ if _KINDS.get(kind.__name__) is kind)
    words: dict[str, Any] = {"name": next(kinds, ""), "text": str(error)}
    words["notes"] = list(getattr(error, "__notes__", ()))
    if isinstance(error, InstrumentError):
        words |= {"code": error.code, "says": error.text, "instrument": error.instrument}
    if isinstance(error, FileError):
        words |= {"path": str(error.path), "line": error.line, "key": error.key}
    if not isinstance(error, NwlabError):
        words["text"] = f"{type(error).__name__}: {error}"
    return Message("failed", words)


def failure_of(message: Message) -> NwlabError:
    """Unwrap an error, whatever its words are."""
    words = message.words
    error = _made(_KINDS.get(str(words.get("name")), NwlabError), words)
    notes = words.get("notes")
    for note in notes if isinstance(notes, list) else ():
        error.add_note(str(note))
    return error


def _made(kind: type[NwlabError], words: Mapping[str, Any]) -> NwlabError:
    """Return an error with the attributes of its kind; each kind has a constructor of its own, which is passed over."""
    error = kind.__new__(kind)
    error.args = (str(words.get("text", "an error without words")),)
    if isinstance(error, InstrumentError):
        error.code = code if isinstance(code := words.get("code"), int) else 0
        error.text = str(words.get("says", "an error without words"))
        error.instrument = str(words.get("instrument", "an instrument"))
    if isinstance(error, FileError):
        error.path, error.key = Path(str(words.get("path", ""))), str(words.get("key", ""))
        error.line = line if isinstance(line := words.get("line"), int) else None
    return error
