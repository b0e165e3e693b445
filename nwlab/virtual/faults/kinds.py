"""The words of a fault script: what each `do` needs, and what it is done to."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum

from nwlab.core.files import Table
from nwlab.virtual import ailments
from nwlab.virtual.faults import acts


class Place(Enum):
    """What `at` must name."""

    INSTRUMENT = "an SMU channel or a matrix"
    SMU = "an SMU channel"
    MATRIX = "a matrix"
    TERMINAL = "a terminal of the chip"
    CHIP = '"chip"'


class Moment(Enum):
    """What a fault waits for."""

    REPLY = "a reply"
    MESSAGE = "a message"
    ANY = "its time, or a message where the file names one or a chance"
    TIME = "its time"


@dataclass(frozen=True, slots=True)
class Kind:
    """One word of the script."""

    place: Place
    moment: Moment
    read: Callable[[Table, str], acts.Act]  # the table, and what `at` says; raises FileError


def _duration(table: Table) -> float:
    """Return the s that a fault lasts; infinite when the file does not say."""
    return positive(table, "duration", "s", math.inf)


def positive(table: Table, key: str, unit: str, default: float) -> float:
    """Return a quantity above zero; raises FileError."""
    value = table.quantity(key, unit, default)
    if value <= 0:
        raise table.error(f"{table.raw(key)!r} must be above zero", key)
    return value


def _count(table: Table, key: str, default: int | None) -> int | None:
    value = table.integer(key, default)
    if value is not None and value < 0:
        raise table.error(f"{value} cannot be negative", key)
    return value


def _lost(table: Table, _: str) -> acts.Act:
    what = table.choice("what", ("reply", "message"), "reply")
    return acts.LostReply() if what == "reply" else acts.LostMessage()


def _garbled(table: Table, _: str) -> acts.Act:
    bits = table.integer("bits", 3)
    if bits < 1:
        raise table.error("at least one bit must flip", "bits")
    return acts.Garbled(bits)


def _crosspoint(table: Table) -> tuple[str, int]:
    name = table.text("crosspoint")
    found = re.fullmatch(r"([A-Z])0*([1-9]\d*)", name)
    if not found:
        raise table.error(
            f'{name!r} is no crosspoint; write row and column of the bench file, as in "A2"', "crosspoint"
        )
    return found[1], int(found[2])


def _held(table: Table, *, closed: bool) -> acts.Act:
    contact = ailments.HeldContact(_crosspoint(table), closed, table.boolean("seen", True))
    return acts.Ails(contact, _duration(table))


def _hangup(how: str) -> Callable[[Table, str], acts.Act]:
    return lambda table, _: acts.Hangup(how, _count(table, "bytes", 0) or 0)


def _error(table: Table, _: str) -> acts.Act:
    return acts.Ails(ailments.ErrorEntry(table.integer("code"), table.text("text")), math.inf)


def _bad_contact(table: Table, _: str) -> acts.Act:
    resistance = positive(table, "resistance", "Ohm", math.inf)
    return acts.BadContact(None if math.isinf(resistance) else resistance, _duration(table))


_WIRE = Place.INSTRUMENT
KINDS = {
    "late": Kind(_WIRE, Moment.REPLY, lambda table, _: acts.Late(positive(table, "delay", "s", 6.0))),
    "lost": Kind(_WIRE, Moment.REPLY, _lost),
    "doubled": Kind(_WIRE, Moment.REPLY, lambda _table, _at: acts.Doubled()),
    "split": Kind(
        _WIRE,
        Moment.REPLY,
        lambda table, _: acts.Split(_count(table, "bytes", None), positive(table, "delay", "s", 0.1)),
    ),
    "cut": Kind(
        _WIRE, Moment.REPLY, lambda table, _: acts.Cut(_count(table, "bytes", None), table.boolean("ended", False))
    ),
    "garbled": Kind(_WIRE, Moment.REPLY, _garbled),
    "gibberish": Kind(_WIRE, Moment.REPLY, lambda _table, _at: acts.Gibberish()),
    "endless": Kind(_WIRE, Moment.REPLY, lambda _table, _at: acts.Endless()),
    "closed": Kind(_WIRE, Moment.ANY, _hangup(acts.CLOSED)),
    "reset": Kind(_WIRE, Moment.ANY, _hangup(acts.RESET)),
    "unsolicited": Kind(_WIRE, Moment.ANY, lambda table, _: acts.Unsolicited(table.text("text"))),
    "silent": Kind(_WIRE, Moment.ANY, lambda table, _: acts.Silence(_duration(table))),
    "hung": Kind(_WIRE, Moment.ANY, lambda table, _: acts.Hang(_duration(table))),
    "error": Kind(_WIRE, Moment.ANY, _error),
    "reboot": Kind(
        _WIRE, Moment.ANY, lambda table, _: acts.Ails(ailments.PowerCut(), positive(table, "boot", "s", 20.0))
    ),
    "interlock": Kind(Place.SMU, Moment.ANY, lambda table, _: acts.Ails(ailments.OpenInterlock(), _duration(table))),
    "hot": Kind(Place.SMU, Moment.ANY, lambda table, at: acts.Ails(ailments.OverTemperature(at), _duration(table))),
    "ignored": Kind(
        Place.SMU,
        Moment.ANY,
        lambda table, at: acts.Ails(
            ailments.IgnoredSetting(at, table.choice("what", ("limit", "output"), "limit")), _duration(table)
        ),
    ),
    "stuck-open": Kind(Place.MATRIX, Moment.ANY, lambda table, _: _held(table, closed=False)),
    "welded": Kind(Place.MATRIX, Moment.ANY, lambda table, _: _held(table, closed=True)),
    "bouncing": Kind(
        Place.MATRIX,
        Moment.ANY,
        lambda table, _: acts.Ails(
            ailments.Bounce(_crosspoint(table), positive(table, "lasting", "s", 0.005)), _duration(table)
        ),
    ),
    "bad-contact": Kind(Place.TERMINAL, Moment.TIME, _bad_contact),
    "leak": Kind(
        Place.TERMINAL,
        Moment.TIME,
        lambda table, _: acts.Leak(positive(table, "resistance", "Ohm", 10e6), _duration(table)),
    ),
    "drift": Kind(
        Place.CHIP, Moment.TIME, lambda table, _: acts.Drift(table.quantity("rate", "1/s"), _duration(table))
    ),
}
