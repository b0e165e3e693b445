"""Who may come in: the first words on a connection from another computer.

The host sends a random challenge; the guest answers with its HMAC-SHA256 under the token, which so never crosses the
wire, and says whether it wants to drive or to watch. Until then messages are bounded to a few kilobytes and seconds.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import socket
from dataclasses import dataclass

from nwlab.core.errors import UsageError, WireError
from nwlab.remote.failure import failure_message, failure_of
from nwlab.remote.message import FORMAT, Message
from nwlab.remote.pipe import Pipe

_MOST = 4096  # bytes of a message before anybody is known
_PATIENCE = 5.0  # s
DRIVE, WATCH = "drive", "watch"


@dataclass(frozen=True, slots=True)
class Visitor:
    """Who came in."""

    role: str  # DRIVE or WATCH
    who: str


def admit(link: socket.socket, token: str) -> Visitor:
    """Ask a newcomer for the token; raises WireError for anybody who does not know it, after telling so."""
    pipe = Pipe(link, _MOST, 0)
    challenge = secrets.token_hex(16)
    pipe.send(Message("challenge", {"format": FORMAT, "nonce": challenge}), _PATIENCE)
    answer = pipe.receive(_PATIENCE)
    if answer is None or answer.kind != "hello":
        raise WireError("a visitor did not say who it is")
    words = answer.words
    if not hmac.compare_digest(_bytes(str(words.get("answer", ""))), _bytes(_answer(token, challenge))):
        pipe.send(
            failure_message(UsageError("the token is wrong; `nwlab serve-bench` prints the right one")), _PATIENCE
        )
        raise WireError("a visitor has a wrong token")
    if words.get("role") not in (DRIVE, WATCH):
        raise WireError(f"a visitor wants to {words.get('role')!r}")
    return Visitor(str(words["role"]), _printable(str(words.get("who", ""))[:200]))


def knock(link: socket.socket, token: str, role: str, who: str) -> None:
    """Ask to come in; raises WireError when nobody who speaks so is there."""
    pipe = Pipe(link, _MOST, 0)
    challenge = pipe.receive(_PATIENCE)
    if challenge is None or challenge.kind != "challenge":
        raise WireError("no bench of nwlab answers there")
    if challenge.words.get("format") != FORMAT:
        raise WireError(f"the bench there speaks format {challenge.words.get('format')}, this nwlab {FORMAT}")
    answer = _answer(token, str(challenge.words.get("nonce", "")))
    pipe.send(Message("hello", {"answer": answer, "role": role, "who": who}), _PATIENCE)


def refusal(message: Message) -> None:
    """Raise what a refusal at the door says; anything else is no refusal."""
    if message.kind == "failed":
        raise failure_of(message)


def _answer(token: str, challenge: str) -> str:
    return hmac.new(_bytes(token), _bytes(challenge), hashlib.sha256).hexdigest()


def _bytes(text: str) -> bytes:
    """Return what any text is, also one that a stranger made of halves of characters."""
    return text.encode("utf-8", "surrogatepass")


def _printable(name: str) -> str:
    """Return a name that does no harm in a log or terminal."""
    return "".join(each if each.isprintable() else "?" for each in name)
