"""Which junction law a chip file asks for, and with which numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, fields
from pathlib import Path

import numpy as np

from nwlab.core.errors import AskedError, FileError
from nwlab.core.files import Table
from nwlab.core.own_code import is_own
from nwlab.model.jumps import Jumps
from nwlab.model.laws import LAWS, own
from nwlab.model.laws.device import Device
from nwlab.model.laws.fixed import Fixed
from nwlab.model.laws.lasting import Lasting
from nwlab.model.laws.law import Law, Parameters
from nwlab.model.laws.rate_balance import LegacyJunctions, RateBalanceJunctions
from nwlab.model.laws.spread import Spread
from nwlab.model.laws.tunnelling import Tunnelling
from nwlab.model.rate_balance import RateBalance

MakeLaw = Callable[[int, np.random.Generator, bool], Law]


@dataclass(frozen=True, slots=True, eq=False)
class ChipLaw:
    """The junction law of a chip as its file describes it."""

    name: str
    about: str
    start: float  # S, what a fresh junction conducts
    makes: MakeLaw

    def make(self, junctions: int, spread_rng: np.random.Generator, noise: bool) -> Law:
        """Make the law of so many junctions; built-in ones are CompiledLaws.

        `spread_rng` decides how they differ; without `noise` nothing is left to chance as time passes.
        """
        return self.makes(junctions, spread_rng, noise)


def read_law(model: Table, folder: Path) -> ChipLaw:
    """Read `law` of a [model] table and [model.parameters], [model.jumps], [model.spread] where the law has them.

    `law` is a name of LAWS, one that an installed package brings along, or "file.py:Class" with the file in `folder`.
    Raises FileError with file, line and key.
    """
    name = model.text("law")
    if name in _READERS:
        return _built_in(name, model)
    if not is_own(name):
        model.choice("law", (*LAWS, *own.installed(), '"file.py:Class"'))
    return _own(name, model, folder)


def read_rate_balance(model: Table) -> RateBalance:
    """Read the parameters of a rate balance from [model.parameters] and [model.jumps]; raises FileError."""
    values = model.table("parameters")
    law = _rate_balance(model, values)
    values.finish()
    return law


def _built_in(name: str, model: Table) -> ChipLaw:
    values = model.table("parameters")
    try:
        parameters = _READERS[name](model, values)
    except FileError:
        raise
    except AskedError as error:
        raise values.error(str(error)) from error
    values.finish()
    rows = parameters.spreads
    spread = Spread.of(rows, _spread(model.table("spread"), rows))

    def make(junctions: int, spread_rng: np.random.Generator, noise: bool) -> Law:
        from nwlab.model.laws.junction_law import JunctionLaw

        return JunctionLaw(parameters if noise else parameters.still(), spread.draw(junctions, spread_rng))

    return ChipLaw(name, LAWS[name], parameters.rest, make)


def _own(name: str, model: Table, folder: Path) -> ChipLaw:
    try:
        cls = own.load(name, folder)
    except AskedError as error:
        raise model.error(str(error), "law") from error
    table = model.table("parameters")
    values = {key: table.quantity(key, unit) for key, unit in cls.parameters.items()}
    table.finish()
    deviations = _spread(model.table("spread"), tuple(values))
    spread = Spread.of(tuple(values), deviations)

    def make(junctions: int, spread_rng: np.random.Generator, noise: bool) -> Law:
        factors = dict(zip(values, spread.draw(junctions, spread_rng), strict=True))
        varied = {key: value * factors[key] if key in deviations else value for key, value in values.items()}
        return own.make(cls, name, junctions, varied, noise)

    try:
        start = own.try_out(make(1, np.random.default_rng(0), False), name)
    except AskedError as error:
        raise model.error(str(error), "law") from error
    about = (cls.__doc__ or "").strip().partition("\n")[0]
    return ChipLaw(name, about, start, make)


def _spread(table: Table, rows: tuple[str, ...]) -> dict[str, float]:
    found = {key: table.quantity(key, "1") for key in rows if table.raw(key, None) is not None}
    table.finish()
    for key, deviation in found.items():
        if deviation < 0:
            raise table.error("a spread is the standard deviation of a logarithm, at least 0", key)
    return found


def _rate_balance(model: Table, values: Table) -> RateBalance:
    read = {key: values.quantity(key, unit) for key, unit in _RATE_BALANCE.items()}
    noise = values.quantity("noise", "1/sqrt(s)", 0.0)
    jumps = _jumps(model.table("jumps")) if "jumps" in model else None
    try:
        return RateBalance(**read, noise=noise, jumps=jumps)
    except AskedError as error:
        raise values.error(str(error)) from error


def _jumps(table: Table) -> Jumps:
    rate, exponent = table.quantity("rate", "1/s"), table.quantity("exponent", "1")
    smallest, largest = table.quantity("smallest", "1"), table.quantity("largest", "1")
    table.finish()
    try:
        return Jumps(rate, exponent, smallest, largest)
    except AskedError as error:
        raise table.error(str(error)) from error


def _numbers(values: Table, cls: type, units: Mapping[str, str]) -> dict[str, float]:
    """Read what a class of parameters names units for; what has a default there may be left out."""
    defaults = {field.name: field.default for field in fields(cls) if field.default is not MISSING}
    return {
        key: values.quantity(key, unit, defaults[key]) if key in defaults else values.quantity(key, unit)
        for key, unit in units.items()
    }


def _tunnelling(model: Table, values: Table) -> Tunnelling:
    return Tunnelling(**_numbers(values, Tunnelling, Tunnelling.units))


def _fixed(model: Table, values: Table) -> Fixed:
    return Fixed(**_numbers(values, Fixed, Fixed.units))


def _lasting(model: Table, values: Table) -> Lasting:
    return Lasting(_rate_balance(model, values), **_numbers(values, Lasting, Lasting.units))


def _device(model: Table, values: Table) -> Device:
    return Device(**_numbers(values, Device, Device.units), levels=values.integer("levels", 0))


_RATE_BALANCE = {"kp0": "1/s", "kd0": "1/s", "eta_p": "1/V", "eta_d": "1/V", "g_min": "S", "g_max": "S"}
_READERS: dict[str, Callable[[Table, Table], Parameters]] = {
    "rate-balance": lambda model, values: RateBalanceJunctions(_rate_balance(model, values)),
    "lasting": _lasting,
    "tunnelling": _tunnelling,
    "device": _device,
    "fixed": _fixed,
    "legacy": lambda model, values: LegacyJunctions(_rate_balance(model, values)),
}
