"""The registers under `status` that tell of the SMUs.

Source: Series 2600B reference manual 2600BS-901-01, appendix "Status model".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nwlab.virtual.k2600_channel import SmuChannel
from nwlab.virtual.k2600_measure import BUFFER_AVAILABLE, CURRENT_LIMITED, READING_OVERFLOW, VOLTAGE_LIMITED
from nwlab.virtual.tsp_status import Status

_MEASUREMENT = {
    "VLMT": 1, "VOLTAGE_LIMIT": 1, "ILMT": 2, "CURRENT_LIMIT": 2, "ROF": 128, "READING_OVERFLOW": 128,
    "BAV": 256, "BUFFER_AVAILABLE": 256,
}  # fmt: skip
INTERLOCK = 2048
"""Bit of `status.measurement.condition`: the interlock line (or output enable line) allows outputs."""
TOO_HOT = 4096
"""Bit of `status.questionable.instrument.smuX.condition`."""
_INTERLOCK = {"INT": INTERLOCK, "INTERLOCK": INTERLOCK}
_OUTPUT_ENABLE = {"OE": INTERLOCK, "OUTPUT_ENABLE": INTERLOCK}
_QUESTIONABLE = {
    "CAL": 256, "CALIBRATION": 256, "UO": 512, "UNSTABLE_OUTPUT": 512, "OTEMP": TOO_HOT, "OVER_TEMPERATURE": TOO_HOT,
}  # fmt: skip
_INSTRUMENT = {"INST": 8192, "INSTRUMENT_SUMMARY": 8192}
_OPERATION = {
    "CAL": 1, "CALIBRATING": 1, "SWE": 8, "SWEEPING": 8, "MEAS": 16, "MEASURING": 16, "TRGOVR": 1024,
    "TRIGGER_OVERRUN": 1024, "REM": 2048, "REMOTE_SUMMARY": 2048, "USER": 4096, "PROG": 16384,
}  # fmt: skip


def install_status(status: Status, smus: Sequence[SmuChannel], *, interlock: bool) -> None:
    """Let the registers follow the SMUs and add them to the object `status`; `interlock` says which line bars them."""
    bits = {smu.name.upper(): 2 << index for index, smu in enumerate(smus)}

    def together(ask: Callable[[SmuChannel], bool]) -> Callable[[], int]:
        return lambda: sum(bit for smu, bit in zip(smus, bits.values(), strict=True) if ask(smu))

    _measurement(status, smus, bits, together)
    status.part("measurement").constants(_INTERLOCK if interlock else _OUTPUT_ENABLE)
    _questionable(status, smus, bits, together)
    operation = status.operation
    parts: dict[str, tuple[int, Callable[[SmuChannel], bool]]] = {
        "sweeping": (8, lambda smu: smu.sweep.running),
        "measuring": (16, lambda smu: smu.sweep.measuring),
    }
    node = status.part("operation").constants({**_OPERATION, **_INSTRUMENT})
    for name, (bit, ask) in parts.items():
        register = status.register(operation, bit)
        register.refresh = together(ask)
        node.child(name, register.node(bits))


def _measurement(
    status: Status,
    smus: Sequence[SmuChannel],
    bits: dict[str, int],
    together: Callable[[Callable[[SmuChannel], bool]], Callable[[], int]],
) -> None:
    node = status.part("measurement").constants({**_MEASUREMENT, **_INSTRUMENT})
    kinds = {
        "voltage_limit": VOLTAGE_LIMITED,
        "current_limit": CURRENT_LIMITED,
        "reading_overflow": READING_OVERFLOW,
        "buffer_available": BUFFER_AVAILABLE,
    }
    for name, kind in kinds.items():
        register = status.register(status.measurement, kind)
        register.refresh = together(lambda smu, kind=kind: bool(smu.condition & kind))
        node.child(name, register.node(bits))
    summary = status.register(status.measurement, 8192)
    instrument = node.child("instrument", summary.node(bits))
    for smu, bit in zip(smus, bits.values(), strict=True):
        register = status.register(summary, bit)
        register.refresh = lambda smu=smu: smu.condition
        instrument.child(smu.name, register.node(_MEASUREMENT))


def _questionable(
    status: Status,
    smus: Sequence[SmuChannel],
    bits: dict[str, int],
    together: Callable[[Callable[[SmuChannel], bool]], Callable[[], int]],
) -> None:
    node = status.part("questionable").constants({**_QUESTIONABLE, **_INSTRUMENT})
    heat = status.register(status.questionable, TOO_HOT)
    heat.refresh = together(lambda smu: smu.source.is_barred(TOO_HOT))
    node.child("over_temperature", heat.node(bits))
    summary = status.register(status.questionable, 8192)
    instrument = node.child("instrument", summary.node(bits))
    for smu, bit in zip(smus, bits.values(), strict=True):
        register = status.register(summary, bit)
        register.refresh = lambda smu=smu: TOO_HOT * smu.source.is_barred(TOO_HOT)
        instrument.child(smu.name, register.node(_QUESTIONABLE))
