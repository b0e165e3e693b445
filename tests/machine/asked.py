"""What may be asked of a bench, sensible or not, and what may befall it."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from nwlab.core.drive import Drive, Force, Quantity

STEPS = st.integers(1, 20)
DWELLS = st.sampled_from([2e-3, 5e-3, 20e-3, 60e-3])
# One in ten or so is beyond the limits of the bench, which are 4 V and 500 uA.
VOLTS = st.sampled_from([0.0, 0.2, 0.2, -0.5, -0.5, 1.0, 1.0, 1.5, -1.5, 2.0, -2.0, 3.0, 3.9, -4.0, 4.2])
AMPS = st.sampled_from([0.0, 0.0, 1e-6, 1e-6, -1e-5, 1e-5, 1e-4, -1e-4, -2e-4, 5e-4, 2e-3])
COMPLIANCES = {
    Quantity.VOLTAGE: st.sampled_from([1e-5, 1e-4, 1e-4, 2.5e-4, 2.5e-4, 2.5e-4, 5e-4, 5e-4, 5e-3]),  # A
    Quantity.CURRENT: st.sampled_from([1.0, 1.0, 2.0, 2.0, 4.0, 5.0]),  # V
}


@st.composite
def drives(draw: st.DrawFn, hold: bool | None = None) -> Drive:
    """One to three forces of any kind, each level of a drive another one, so that no sample passes for another."""
    steps = draw(STEPS)
    order = draw(st.permutations(range(4)))
    count = draw(st.sampled_from([1, 1, 2, 2, 2, 3] if hold is None else [1, 2]))
    forces = tuple(_force(draw, order, index, steps) for index in range(count))
    named = {force.terminal for force in forces}
    ground = tuple(terminal for terminal in draw(st.sets(st.integers(0, 3), max_size=2)) if terminal not in named)
    dwell = np.full(steps, draw(DWELLS))
    return Drive(dwell, forces, ground, hold=draw(st.booleans()) if hold is None else hold)


def _force(draw: st.DrawFn, order: list[int], index: int, steps: int) -> Force:
    if index == 0 and draw(st.integers(0, 7)) == 0:
        return _four_wires(draw, order, steps)
    quantity = draw(st.sampled_from([Quantity.VOLTAGE, Quantity.VOLTAGE, Quantity.CURRENT]))
    values = VOLTS if quantity is Quantity.VOLTAGE else AMPS
    levels = np.linspace(draw(values), draw(values), steps)
    low = draw(st.sampled_from([None, order[3], order[3], order[2]]))
    low = None if low == order[index] else low
    return Force(order[index], quantity, levels, draw(COMPLIANCES[quantity]), low)


def _four_wires(draw: st.DrawFn, order: list[int], steps: int) -> Force:
    """A current with sense ends of its own, too small to reach its limit: an SMU limited there may latch up."""
    levels = np.linspace(draw(st.sampled_from([1e-6, -1e-5, 5e-5])), draw(st.sampled_from([5e-6, -5e-5])), steps)
    return Force(order[0], Quantity.CURRENT, levels, draw(st.sampled_from([2.0, 4.0])), order[3], (order[1], order[2]))


def rests() -> st.SearchStrategy[Drive]:
    """Nothing is forced, something may be tied to common."""
    return st.builds(
        lambda seconds, ground: Drive(np.array([seconds]), (), tuple(ground)),
        st.sampled_from([0.01, 0.4, 2.0]),
        st.sets(st.integers(0, 3), max_size=2),
    )


_ANYWHERE = ["", "", "print(", "sweeping", "printbuffer", "getclose", "source.output", "errorqueue", "waitcomplete"]
_LINES = ["sweeping", "getclose", "source.output", "errorqueue.count", "source.func", "waitcomplete", "*IDN?"]
_COMMON_FAULTS, _RARE_FAULTS = ["late", "lost", "hung"], ["endless", "closed", "reset", "silent"]
_SPOILT = ["doubled", "split", "cut", "garbled", "gibberish", "unsolicited"]
_WIRE_FAULTS = [*_COMMON_FAULTS, *_COMMON_FAULTS, *_SPOILT, *_RARE_FAULTS]
_CROSSPOINTS = [f"{row}{column}" for row in "ABCDH" for column in (1, 2, 3, 4)]


@st.composite
def wire_faults(draw: st.DrawFn) -> str:
    """What befalls a message or a reply."""
    word = draw(st.sampled_from(_WIRE_FAULTS))
    keys = {
        "late": 'delay = "{}"'.format(draw(st.sampled_from(["300 ms", "2 s", "6 s", "11 s"]))),
        "lost": 'what = "{}"'.format(draw(st.sampled_from(["reply", "reply", "message"]))),
        "split": "bytes = {}\ndelay = {}".format(draw(st.integers(1, 40)), draw(st.sampled_from(['"20 ms"', '"2 s"']))),
        "cut": "bytes = {}\nended = {}".format(draw(st.integers(1, 60)), draw(st.sampled_from(["true", "false"]))),
        "garbled": f"bits = {draw(st.integers(1, 12))}",
        "unsolicited": 'text = "1.000000000e+00"',
        "silent": 'duration = "{}"'.format(draw(st.sampled_from(["1 s", "8 s", "60 s"]))),
        "hung": 'duration = "{}"'.format(draw(st.sampled_from(["1 s", "3 s", "8 s", "60 s"]))),
    }
    # A flipped bit within a binary number leaves a number: only lines are garbled here.
    message = draw(st.sampled_from(_LINES if word == "garbled" else _ANYWHERE))
    return _fault(draw, draw(st.sampled_from(["a", "a", "b", "m"])), word, keys.get(word, ""), message)


@st.composite
def ailments(draw: st.DrawFn) -> str:
    """What befalls an instrument or its relays."""
    lasting = 'duration = "{}"'.format(draw(st.sampled_from(["1 s", "5 s", "30 s"])))
    crosspoint = f'crosspoint = "{draw(st.sampled_from(_CROSSPOINTS))}"'
    seen = f"seen = {draw(st.sampled_from(['true', 'true', 'false']))}"
    places = ["a", "b"]
    at, word, keys = draw(
        st.sampled_from(
            [
                *((at, "error", 'code = -286\ntext = "TSP runtime error"') for at in (*places, "m")),
                *((at, "reboot", 'boot = "5 s"') for at in ("a", "m")),
                ("a", "interlock", lasting),
                *((at, "hot", lasting) for at in places),
                *((at, "ignored", f'what = "limit"\n{lasting}') for at in places),
                *((at, "ignored", f'what = "output"\n{lasting}') for at in places),
                ("m", "welded", f"{crosspoint}\n{seen}\n{lasting}"),
                ("m", "stuck-open", f"{crosspoint}\n{seen}\n{lasting}"),
                ("m", "bouncing", f'{crosspoint}\nlasting = "5 ms"\n{lasting}'),
            ]
        )
    )
    return _fault(draw, at, word, keys, draw(st.sampled_from(["", "", *_LINES])))


def _fault(draw: st.DrawFn, at: str, word: str, keys: str, message: str) -> str:
    """At its n-th message or reply from now on; without a message in a while, which may be in the middle of a drive."""
    where = f'message = "{message}"\nnth = {draw(st.integers(1, 12))}\n' if message else ""
    when = draw(st.sampled_from(["0 s", "50 ms", "200 ms", "400 ms", "1 s"]))
    return f'[[fault]]\nat = "{at}"\ndo = "{word}"\nwhen = "{when}"\n{keys}\n{where}'
