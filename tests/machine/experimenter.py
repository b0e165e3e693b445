"""Somebody at a bench who trusts nothing: each act is judged by what happened on the table meanwhile."""

from __future__ import annotations

import math
import re
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
from machine.laboratory import Laboratory
from machine.truth import wrong_times, wrong_values
from machine.witness import Witness

from nwlab.bench.bench import Bench
from nwlab.core.drive import Drive
from nwlab.core.errors import AnswerError, DriveError, InterlockError, NwlabError, RebootError, UnsafeError, WireError
from nwlab.core.reading import Reading
from nwlab.lab.open_chip import OpenChip
from nwlab.virtual.ailments import Bounce, HeldContact
from nwlab.virtual.faults import acts
from nwlab.virtual.faults.script import Strike

TIMEOUT = 5.0  # s, of the links here
ROUTED = 4  # messages: who sends a matrix more than that has moved its relays, and read its error queue

MIDDLES = ("stop", "safe", "safe, then stop", "die")
"""What happens in the middle of a drive: closing the iterator, the safe order on its own, a dead program."""

Struck = tuple[Strike, acts.Act]

_WIRE = {"late", "lost", "doubled", "split", "cut", "garbled", "gibberish", "endless", "closed", "reset"}
_WIRE |= {"unsolicited", "silent", "hung", "reboot"}
KINDS: dict[type[NwlabError], set[str]] = {
    RebootError: {"reboot", "garbled"},
    InterlockError: {"interlock", "garbled"},
    WireError: _WIRE,
}
"""Which faults explain which error; whatever else an instrument tells, or cannot be confirmed, any fault there may.

A flipped bit makes one number of another, also of a mark or a status.
"""
LINGERS = {"closed", "reset", "reboot", "error", "interlock"}
"""What is found later than it struck: a link that is down, a lost mark, an entry in a queue, a latch."""
DEAF = {"closed", "reset", "silent", "hung", "reboot", "lost", "late", "endless", "ignored"}
"""What keeps an SMU from being brought to zero, so that its relays open all the same as the last resort."""
_PLACES = {"26": "smu", "16": "m", "smu": "smu", "m": "m"}


def place_of(strike: Strike) -> str:
    """The instrument that a fault struck, as the bench calls it."""
    return "m" if strike.at == "m" else "smu"


def places_in(failure: NwlabError) -> set[str]:
    """Which instruments an error speaks of; all, when of none."""
    named = re.findall(r"GPIB0::(26|16)|\b(smu|m)\b", str(failure))
    return {_PLACES[one or other] for one, other in named} or {"smu", "m"}


def explains(each: Struck, failure: NwlabError, begun: float) -> bool:
    """Whether a fault may be why an act begun at that time failed so: same place, right kind, not over long ago."""
    strike, act = each
    kinds = KINDS.get(type(failure))
    recent = strike.time + lasts(act) >= begun - TIMEOUT or strike.fault in LINGERS
    return place_of(strike) in places_in(failure) and recent and (kinds is None or strike.fault in kinds)


def lasts(act: acts.Act) -> float:
    """The s that a fault stands once it has struck."""
    duration = getattr(act, "duration", 0.0)
    return float(duration) if math.isfinite(duration) else 0.0


def is_absorbed(act: acts.Act) -> bool:
    """Whether nobody may notice it but by what the links count."""
    match act:
        case acts.Doubled() | acts.Ails(Bounce(), _):
            return True
        case acts.Late(delay) | acts.Split(_, delay) | acts.Hang(delay):
            return delay <= TIMEOUT / 5
    return False


class Experimenter:
    """Works at one laboratory; raises AssertionError for whatever must not be."""

    def __init__(self, folder: Path, chip: str, policy: str, bench: type[Bench] = Bench) -> None:
        self.lab = Laboratory(folder, chip, policy, bench)
        self.witness = Witness(self.lab)
        self.chip: OpenChip | None = self.lab.open()
        self.failed = False  # whether an error came that nobody has looked after
        self.stuck = False  # whether the simulation has come to its own end
        self.last: Drive | None = None  # the last drive that was not refused
        self._is_ohmic = chip == "resistors"
        self._forgiven: set[Strike] = set()  # strikes that explain nothing any more
        self._finished: Drive | None = None  # the drive that has gone well from beginning to end
        self._dead: list[Iterator[Reading]] = []  # drives whose program has died

    @property
    def is_barred(self) -> bool:
        """Whether an interlock has tripped."""
        return self.chip is not None and self.chip.bench is not None and bool(self.chip.bench._guard._latch.latch)

    def open(self) -> None:
        """Connect anew."""
        with self._judged():
            self.chip = self.lab.open()

    def play(self, drive: Drive, middle: str = "end", blocks: int = 0) -> None:
        """Play a drive up to its end, or until something happens after so many blocks."""
        with self._judged():
            self._play(drive, middle, blocks)

    def play_back(self, *, hold: bool) -> None:
        """Play the last drive once more, backwards: no relay needs to move."""
        if self.chip is not None and self.last is not None:
            forces = tuple(replace(force, levels=force.levels[::-1]) for force in self.last.forces)
            self.play(replace(self.last, forces=forces, hold=hold))

    def make_safe(self, *, everything: bool) -> None:
        """Make safe, at rest."""
        with self._judged():
            self._safe(everything=everything)

    def arm(self) -> None:
        """Clear the latch."""
        with self._judged():
            assert self.chip is not None
            assert self.chip.bench is not None
            self.chip.bench.arm()

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        with self._judged():
            self.lab.clock.sleep(seconds)
            self.lab.world.settle()

    def close(self) -> None:
        """Close the bench: everything is off and open afterwards, or the error says that it may not be."""
        with self._judged():
            assert self.chip is not None
            assert self.chip.bench is not None
            chip, self.chip = self.chip, None
            if chip.bench.found_on:
                chip.make_safe(everything=True).demand()
            chip.close()
            assert not self.lab.driven(), f"closed without a word, but {self.lab.driven()}"

    def leave(self) -> None:
        """Go home; programs that died let go of their instruments."""
        try:
            if self.chip is not None:
                self.close()
        finally:
            self.lab.world.watch(None)
            for blocks in self._dead:
                with suppress(NwlabError):
                    blocks.close()  # type: ignore[attr-defined]

    def _play(self, drive: Drive, middle: str, count: int) -> None:
        assert self.chip is not None
        told, moments = self.lab.messages, self.witness.moments
        try:
            blocks = self.chip.apply(drive)
        except DriveError:
            assert (self.lab.messages, self.witness.moments) == (told, moments), "a refused drive reached an instrument"
            return
        try:
            self._follow(drive, blocks, middle, count)
        except AssertionError:
            blocks.close()  # type: ignore[attr-defined]
            raise

    def _follow(self, drive: Drive, blocks: Iterator[Reading], middle: str, count: int) -> None:
        """Take what comes of a drive, and judge it."""
        self.last, begun, first, wrong, strange = drive, self.lab.clock.now(), 0, "", ""
        self.witness.sensed = any(force.sense is not None for force in drive.forces)
        for number, block in enumerate(blocks):
            wrong = wrong or self._wrong_in(drive, block, first)
            strange = strange or (wrong_values(drive, block, first, ohmic=True) if self._is_ohmic else "")
            first += block.steps
            if middle != "end" and number >= count:
                assert not wrong or self._matrix_fell(begun), wrong
                assert not strange or self._matrix_fell(begun) or self._relays_lied(begun, told=False), strange
                self._interrupt(blocks, middle)
                return
        assert first == drive.steps, f"{first} of {drive.steps} samples, and no error"
        assert not wrong, f"{wrong}; and no error"
        assert not strange or self._relays_lied(begun, told=True), f"{strange}; and no error"
        self._finished = drive
        if not drive.hold:
            self._demand_rest()

    def _interrupt(self, blocks: Iterator[Reading], middle: str) -> None:
        if middle == "die":
            self._dead.append(blocks)
            self.chip = None
            return
        try:
            if middle.startswith("safe"):
                self._safe(everything=True)
        finally:
            blocks.close()  # type: ignore[attr-defined]
        self._demand_rest()
        if middle == "safe, then stop":
            self._safe(everything=True)

    def _safe(self, *, everything: bool) -> None:
        """Make safe; what is told must be so."""
        assert self.chip is not None
        state = self.chip.make_safe(everything=everything)
        if state.confirmed and not any("left as found" in line for line in state.found):
            assert not self.lab.driven(), f"{state}, but {self.lab.driven()}"
        state.demand()

    def _wrong_in(self, drive: Drive, block: Reading, first: int) -> str:
        """Refuse a block that is out of order, and say what in it no source can have done."""
        assert first + block.steps <= drive.steps, "more samples than steps"
        assert not (text := wrong_times(drive, block.onset, first)), text
        assert bool(np.all(np.diff(block.onset) > 0))
        return wrong_values(drive, block, first, ohmic=False)

    def _relays_lied(self, begun: float, *, told: bool) -> bool:
        """Whether a contact stood otherwise than its coil, so that the circuit was another one.

        Where that reads back, the end of a drive tells it (`told`), unless the contact had come right again by then.
        """
        return any(
            strike.time + lasts(act) >= begun
            and not (told and act.ailment.seen and strike.time + lasts(act) > self.lab.clock.now())
            for strike, act in self.lab.strikes
            if isinstance(act, acts.Ails) and isinstance(act.ailment, HeldContact)
        )

    def _matrix_fell(self, begun: float) -> bool:
        """Whether the matrix lost its power meanwhile: that is found at the end of a drive only."""
        falls = (strike for strike, _ in self.lab.strikes if (strike.at, strike.fault) == ("m", "reboot"))
        return any(strike.time >= begun for strike in falls)

    def _demand_rest(self) -> None:
        """Nothing stands at the chip after a drive that does not hold."""
        for smu in self.lab.smu.smus:
            level = smu.source.present_level if smu.source.output == 1 and smu.source._powered else 0.0
            assert level == 0, f"channel {smu.port} stands at {level} after the drive"

    @contextmanager
    def _judged(self) -> Generator[None, None, None]:
        """Judge what happened meanwhile; an error needs a fault that explains it."""
        self._finished = None
        begun, matrix_told = self.lab.clock.now(), self.lab.matrix.heard
        failure: NwlabError | None = None
        try:
            yield
        except (AnswerError, UnsafeError, DriveError) as error:
            failure = error
        except NwlabError as error:
            # A current that has no way while its voltage is limited elsewhere: no circuit of ideal parts can be so.
            if not self.witness.sensed or "fight each other" not in str(error):
                raise
            self.stuck, self.chip = True, None
            return
        self.witness.settle(self.lab.world.now())
        assert not self.witness.complaints, self.witness.complaints
        self._judge(failure, begun)
        if failure is None and self._finished:
            self._forgive(begun, smu=bool(self._finished.forces), matrix=self.lab.matrix.heard > matrix_told + ROUTED)

    def _judge(self, failure: NwlabError | None, begun: float) -> None:
        if failure is not None:
            self.failed = True
            assert not isinstance(failure, DriveError), f"refused in the middle: {failure}"
            assert any(explains(each, failure, begun) for each in self._excuses()), (
                f"nothing had happened that explains {failure!r}"
            )
        if self.witness.hot:
            # The last resort: the relays of an SMU that answers no more are opened all the same, and it is told.
            assert isinstance(failure, UnsafeError), self.witness.hot
            assert any(strike.at != "m" and strike.fault in DEAF for strike, _ in self._excuses()), self.witness.hot
            self.witness.hot.clear()

    def _excuses(self) -> list[Struck]:
        """Return the strikes that may still explain an error."""
        return [each for each in self.lab.strikes if each[0] not in self._forgiven and not is_absorbed(each[1])]

    def _forgive(self, begun: float, *, smu: bool, matrix: bool) -> None:
        """What struck before a drive that went well explains nothing any more, unless it still stood."""
        used = {"a": smu, "b": smu, "m": matrix}
        for strike, act in self._excuses():
            if used[strike.at] and strike.time + lasts(act) < begun:
                self._forgiven.add(strike)
