"""What a twin writes into the record beside its expectations, in words and numbers."""

from __future__ import annotations

from dataclasses import dataclass

from nwlab.core.events import BlockArrived, Noted
from nwlab.twin.alarms import Alarm
from nwlab.twin.held import Block
from nwlab.twin.watch import Explained, Named

_TANGLED = "more than one way leads around the film, so that no reading is its current"
_EXPLAINED = "the chip is again what its file says: mean, θ, σ and jumps"
"""Said once a whole window has shown nothing else."""


@dataclass(frozen=True, slots=True, eq=False)
class Where:
    """Tells of samples of a block where they are in the record, and when they were read."""

    event: BlockArrived
    block: Block

    def told(self, step: int) -> dict[str, object]:
        """`time` is the middle of the reading in s on the chip's clock."""
        time = 0.5 * float(self.block.begin[step] + self.block.over[step])
        return {"drive": self.event.index, "step": self.event.first + step, "time": time}


def tangled(drive: int, times: int) -> Noted:
    """Tell of a drive that cannot be followed."""
    return Noted("twin skipped", {"drive": drive, "because": _TANGLED, "times": times})


def jump(where: Where, step: int, probability: float, times: int) -> Noted:
    """Tell of a jump, or of so many that they are none."""
    many = {"text": f"{times} jumps since one was last told: the model does not explain the chip"}
    told = {**where.told(step), "probability": probability}
    return Noted("jump", {**(many if times > 1 else {}), **told, "times": times})


def drift(where: Where, step: int, alarm: Alarm, times: int, false_alarm_steps: float) -> Noted:
    """Tell of an alarm of a sum."""
    return Noted(
        "alarm",
        {
            "kind": alarm.kind,
            "text": again(alarm.text, times),
            **where.told(step),
            "for steps": alarm.step - alarm.since + 1,
            "times": times,
            "false alarm once in steps": false_alarm_steps,
        },
    )


def changed(where: Where, told: Named) -> Noted:
    """Tell what about the chip is not as its file says."""
    change = told.change
    return Noted(
        "alarm",
        {
            "kind": change.what,
            "text": change.text,
            **_window(where, told),
            "what": change.what,
            "estimate": change.estimate,
            "error": change.error,
            "expected": change.expected,
            "unit": change.unit,
            "voltage": change.voltage,
            "errors": change.errors,
        },
    )


def explained(where: Where, told: Explained, row: int) -> Noted:
    """Tell that the chip is again what its file says; `row` counts residuals that were explained until now."""
    return Noted("explained", {"text": _EXPLAINED, **_window(where, told), "row within 3": row})


def again(text: str, times: int) -> str:
    """Return what an alarm says that was raised so often since it was last told."""
    return text if times == 1 else f"{text}; {times} such alarms since this was last told"


def _window(where: Where, told: Named | Explained) -> dict[str, object]:
    since = {"drive": told.since.drive, "step": told.since.step}
    return {**where.told(told.place.step - where.event.first), "since": since}
