"""Errors over the wire: what went wrong there is raised here as what it was."""

from __future__ import annotations

from typing import Any

from nwlab.core import errors
from nwlab.core.errors import FileError, InstrumentError, NwlabError
from nwlab.remote.message import Message

_KINDS = {
    kind.__name__: kind
    for kind in (
        errors.UsageError,
        errors.DriveError,
        errors.InstrumentError,
        errors.RebootError,
        errors.InterlockError,
        errors.WireError,
        errors.StorageError,
        errors.UnsafeError,
        errors.FileError,
    )
}


def failure_message(error: Exception) -> Message:
    """Wrap an error; one that is no NwlabError arrives as a fault of nwlab itself, with its name."""
    words: dict[str, Any] = {"name": type(error).__name__, "text": str(error)}
    words["notes"] = list(getattr(error, "__notes__", ()))
    if isinstance(error, InstrumentError):
        words |= {"code": error.code, "text": error.text, "instrument": error.instrument}
    if isinstance(error, FileError):
        words |= {"path": str(error.path), "line": error.line, "key": error.key}
    if not isinstance(error, NwlabError):
        words["text"] = f"{type(error).__name__}: {error}"
    return Message("failed", words)


def failure_of(message: Message) -> NwlabError:
    """Unwrap an error."""
    words = message.words
    kind, text = _KINDS.get(words.get("name", ""), NwlabError), str(words.get("text", "an error without words"))
    error = _made(kind, text, words)
    for note in words.get("notes", ()):
        error.add_note(str(note))
    return error


def _made(kind: type[NwlabError], text: str, words: Any) -> NwlabError:
    if issubclass(kind, InstrumentError):
        return kind(int(words.get("code", 0)), text, str(words.get("instrument", "an instrument")))
    if issubclass(kind, FileError):
        error = kind("", words.get("path", ""), words.get("line"), words.get("key", ""))
        error.args = (text,)
        return error
    return kind(text)
