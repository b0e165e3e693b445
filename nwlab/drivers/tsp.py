"""What Keithley's TSP instruments have in common: lines of Lua out, strictly read lines back, an error queue.

Theory of operation. Every question carries a tag, `print("17", x)`, that must come back in front of its answer, so
that an answer which is late, doubled or meant for somebody else is never taken for it. Once claimed, an instrument
also prints the mark that was left in it: who was switched off meanwhile, or set by another program, cannot show it.
Sources: Series 2600B reference manual 2600BS-901-01, sections "Remote commands" and "TSP command reference";
707B/708B reference manual 707B-901-01, the same sections.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterable, Mapping
from secrets import token_hex
from typing import Any, TypeVar

from pymeasure.adapters import Adapter
from pymeasure.instruments import Channel, Instrument

from nwlab.core.clock import Clock, SystemClock
from nwlab.core.drive import FloatArray
from nwlab.core.errors import InstrumentError, RebootError, WireError
from nwlab.drivers.link import STALE_LINES, Link
from nwlab.drivers.tsp_replies import error_of, model_of, numbers, repeatable, untagged, values_of

T = TypeVar("T")

_MARK = re.compile(r"nil|[0-9a-f]{8}")
_MOST_RETRIES = 2


class TspChannel(Channel):
    """A part of a TSP instrument whose properties are read, and set, as strictly as the instrument's own."""

    def write(self, command: str, **kwargs: Any) -> None:
        """Send one line, and see that it arrived and was accepted. Raises InstrumentError, WireError."""
        self.parent.deliver((self.insert_id(command),))

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Send one line and read one line. Raises WireError."""
        return self.parent.ask(self.insert_id(command), query_delay)

    def values(self, command: str, *args: Any, **kwargs: Any) -> list[Any]:
        """Ask for one number, for PyMeasure's properties. Raises WireError."""
        return self.parent.values(self.insert_id(command))


class TspInstrument(Instrument):
    """An instrument that runs Lua: what both ends of its link must keep to, and its identity.

    Connecting reads and changes nothing. Fills the role Claimable. Questions that only read are asked again, twice at
    the most, when their answer was late, torn or garbled; `link.retries` counts.
    """

    def __init__(
        self,
        adapter: Adapter | str | int,
        name: str,
        models: Mapping[str, object],
        *,
        clock: Clock | None = None,
        **kwargs: Any,
    ) -> None:
        self.clock: Clock = clock or SystemClock()
        self._tags = itertools.count(1)
        self._mark = ""
        self.link = Link.open(adapter, name, **kwargs)
        self.where = self.link.where
        try:
            super().__init__(self.link, name, includeSCPI=False)
            self.identity = self.link.identify()
            model = model_of(self.identity)
            if model not in models:
                raise WireError(
                    f"{self.where} answers {self.identity!r} to *IDN?, which is none of {', '.join(models)}"
                )
        except BaseException:
            self.link.close()
            raise
        self.model: str = model or ""
        self.link.prove = self._prove

    def claim(self) -> None:
        """Leave our mark in the instrument, by which a reboot or another program is noticed from then on.

        Raises InstrumentError, WireError.
        """
        mark = token_hex(4)
        self.write(f'nwlab_mark = "{mark}"')
        self._mark = mark
        self.numbers("print(errorqueue.count)", 1)  # any question shows the mark

    def forget(self) -> None:
        """Drop what is believed about the instrument's settings; called when it turns out to have lost them."""
        self._mark = ""

    def ask(self, command: str, query_delay: float | None = None) -> str:
        """Send one line and read one line, which comes without its tag. Raises WireError, RebootError."""
        return self._ask(command, str, query_delay)

    def values(self, command: str, *args: Any, **kwargs: Any) -> list[Any]:
        """Ask for one number, for PyMeasure's properties. Raises WireError, RebootError."""
        return self.numbers(command, 1)

    def numbers(self, command: str, count: int) -> list[float]:
        """Ask for so many numbers in one line. Raises WireError naming what came, RebootError."""
        return self._ask(command, lambda reply: numbers(reply, count))

    def block(self, command: str, count: int) -> FloatArray:
        """Ask for `count` numbers in `format.REAL64`, little-endian: `#0`, the data, a newline.

        Raises WireError with the bytes seen when the block is torn, RebootError.
        """
        return self.block_as(command, count, lambda values: values)

    def block_as(self, command: str, count: int, read: Callable[[FloatArray], T]) -> T:
        """Ask for a block and read it; `read` raises ValueError for values that the instrument cannot have sent."""
        size = 2 + 8 * count + 1

        def take(line: str) -> T:
            if line:
                raise ValueError("a line with the tag alone comes before a block")
            data = self.link.hear_bytes(size)
            try:
                return read(values_of(data, size))
            except ValueError as error:
                raise self.link.strange(command, data, str(error)) from None

        return self._ask(command, take)

    def insist(self, *lines: str) -> None:
        """Send lines that make safe: at once, and again where the link had to be brought back into step.

        Getting back into step clears the device, which drops what it has not read yet. Raises WireError.
        """
        with self.link.lock:
            sure = self.link.in_step
            for line in lines:
                self.link.say(line)
            if not sure:
                for line in lines:
                    self.write(line)

    def deliver(self, lines: Iterable[str]) -> None:
        """Send lines and look for errors, and whether each has arrived: for one that was lost, an older setting stands.

        Raises InstrumentError.
        """
        sent = tuple(lines)
        self.write("nwlab_lines = 0")
        for line in sent:
            self.write(f"{line} nwlab_lines = nwlab_lines + 1")
        self.check_errors()
        (arrived,) = self.numbers("print(nwlab_lines)", 1)
        if arrived != len(sent):
            text = (
                f"{arrived:g} of {len(sent)} lines have arrived; what the others should have set is not as it should be"
            )
            raise InstrumentError(0, text, self.where)

    def strange(self, command: str, reply: object, why: str) -> WireError:
        """Return the error for a reply that is no answer; from here on the link counts as out of step."""
        return self.link.strange(command, reply, why)

    @property
    def id(self) -> str:
        """Get the identification of the instrument."""
        return self.ask("*IDN?").strip()

    @property
    def next_error(self) -> list[Any]:
        """Take the oldest entry out of the error queue: code and text; code 0 when the queue is empty."""
        return self._ask("print(errorqueue.next())", lambda reply: list(error_of(reply)))

    def errors(self) -> list[tuple[int, str]]:
        """Empty the error queue and return its entries, oldest first."""
        count = round(self.numbers("print(errorqueue.count)", 1)[0])
        return [(code, text) for code, text in (self.next_error for _ in range(count))]

    def check_errors(self) -> list[tuple[int, str]]:
        """Empty the error queue. Raises InstrumentError for its oldest entry."""
        errors = self.errors()
        if errors:
            more = "".join(f"; then {code}: {text}" for code, text in errors[1:])
            raise InstrumentError(errors[0][0], errors[0][1] + more, self.where)
        return errors

    def _ask(self, command: str, read: Callable[[str], T], delay: float | None = None) -> T:
        """Ask, and ask again where that changes nothing; `read` raises ValueError for what is no answer."""
        left = _MOST_RETRIES if repeatable(command) else 0
        with self.link.lock:
            # One that is out of step from the start gets a single chance: a dead link must not cost thrice.
            self.link.step()
            while True:
                try:
                    self.link.step()
                    return self._ask_once(command, read, delay)
                except WireError:
                    if self.link.lost or not left:
                        raise
                left -= 1
                self.link.retries += 1

    def _ask_once(self, command: str, read: Callable[[str], T], delay: float | None) -> T:
        tag = "" if command.startswith("*") else str(next(self._tags))
        self.link.in_step = False  # an interrupt may come between any two lines of this
        self.link.say(self._tagged(command, tag))
        if delay:
            self.clock.sleep(delay)
        reply = self._fresh(int(tag)) if tag else self.link.hear()
        try:
            value = read(self._answer(reply, tag) if tag else reply)
        except ValueError as error:
            raise self.link.strange(command, reply, str(error)) from None
        self.link.in_step = True
        return value

    def _fresh(self, tag: int) -> str:
        """Take a line, past answers to earlier questions that came twice or too late."""
        reply = ""
        for _ in range(STALE_LINES):
            reply = self.link.hear()
            front = reply.partition("\t")[0]
            if not (front.isdecimal() and len(front) <= len(str(tag)) and int(front) < tag):
                return reply
            self.link.strays += 1
        raise self.link.strange(f"question {tag}", reply, "nothing but answers to earlier questions comes")

    def _tagged(self, command: str, tag: str) -> str:
        if not tag:
            return command
        front = f'print("{tag}", nwlab_mark' if self._mark else f'print("{tag}"'
        before, printed, rest = command.rpartition("print(")
        return f"{before}{front}, {rest}" if printed else f"{front}) {command}"

    def _answer(self, reply: str, tag: str) -> str:
        """Take tag and mark off an answer.

        Raises ValueError, and RebootError when the mark is not ours any more.
        """
        rest = untagged(reply, tag)
        if not self._mark:
            return rest
        mark, _, rest = rest.partition("\t")
        if mark == self._mark:
            return rest
        if not _MARK.fullmatch(mark):
            raise ValueError(f"the mark {self._mark} follows the tag")
        self.forget()
        what = "was switched off or rebooted" if mark == "nil" else "was taken over by another program"
        raise RebootError(
            f"{what} since it was connected: its settings are gone; nothing was replayed. What its outputs do now is "
            "not what this run asked for; look at it, then open the bench anew",
            self.where,
        )

    def _prove(self) -> None:
        """Find our own echo among what is left of earlier answers, and the identity that was there at connecting."""
        self.link.say("")  # half a line that an interrupt left behind must not become the head of the next
        echo = f"nwlab {next(self._tags)}"
        self.link.say(f'print("{echo}")')
        self._find(echo)
        self.link.say("*IDN?")
        identity = self.link.hear().strip()
        if identity != self.link.identity:
            raise self.link.foreign(identity)

    def _find(self, echo: str) -> None:
        for _ in range(STALE_LINES):
            if self.link.hear_any().endswith(echo.encode()):
                return
        raise WireError(f"{self.where} sends line after line without our echo among them; power-cycle it")
