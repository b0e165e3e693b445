"""Golden transcripts of a 2636B on 10 kOhm: `>` goes to the instrument, `<` comes back (`<<`: an empty line).

The answers are what the reference manual 2600BS-901-01 documents: number formats, queue lines, error codes, defaults.
"""

from __future__ import annotations

import pytest

from nwlab.core.clock import VirtualClock
from nwlab.core.wiring import Wiring
from nwlab.model.resistor_film import ResistorFilm
from nwlab.virtual.k2600 import Virtual2600
from nwlab.virtual.world import World


@pytest.fixture
def smu() -> Virtual2600:
    world = World(
        ResistorFilm(2, [(0, 1, 10e3)]), Wiring(("A", "B"), wires=(("a.hi", "A"), ("a.lo", "B"))), VirtualClock()
    )
    return Virtual2600(world, {"a": "a", "b": "b"}, serial="1398687")


TRANSCRIPTS = {
    "identity": """
> *IDN?
< Keithley Instruments Inc., Model 2636B, 1398687, 3.2.1
> print(localnode.model, localnode.linefreq)
< 2636B\t5.00000e+01
""",
    "an empty queue": """
> print(errorqueue.next())
< 0.00000e+00\tQueue Is Empty\t0.00000e+00\t0.00000e+00
> print(errorqueue.count)
< 0.00000e+00
""",
    "settings after power-on": """
> print(smua.source.limiti, smua.source.limitv, smua.source.func, smua.source.levelv, smua.source.output)
< 1.00000e-01\t2.00000e+01\t1.00000e+00\t0.00000e+00\t0.00000e+00
> print(smua.measure.nplc, smua.measure.autorangei, smua.measure.autozero, smua.sense, smua.source.offlimiti)
< 1.00000e+00\t1.00000e+00\t2.00000e+00\t0.00000e+00\t1.00000e-03
""",
    "printing": """
> print(nil, true, "word")
< nil\ttrue\tword
> print()
<<
> print(0.00002)
< 2.00000e-05
> format.asciiprecision = 10 print(1/3)
< 3.333333333e-01
""",
    "a limit of nothing is refused and the old one stays": """
> smua.source.limiti = 0.000000
> print(errorqueue.next())
< 1.10200e+03\tParameter too small\t2.00000e+01\t1.00000e+00
> print(smua.source.limiti)
< 1.00000e-01
> smua.source.limiti = 100
> print((errorqueue.next()))
< 1.10100e+03
> smua.source.limiti = 1e-7
> print(smua.source.limiti, errorqueue.count)
< 1.00000e-07\t0.00000e+00
""",
    "Lua 5.0 habits": """
> print(table.getn({7, 8}), math.mod(7, 4))
< 2.00000e+00\t3.00000e+00
> for k, v in {5, 6} do print(k, v) end
< 1.00000e+00\t5.00000e+00
< 2.00000e+00\t6.00000e+00
> function count(...) return arg.n end print(count(1, 1, 1))
< 3.00000e+00
""",
    "scripts": """
> loadscript twice
> print("once")
> print("more")
> endscript
> twice()
< once
< more
> twice.run()
< once
< more
> loadandrunscript
> print("at once")
> endscript
< at once
""",
    "carriage returns are taken off": """
> print(smub == nil)\r
< false
""",
    "common commands": """
> *OPC?
< 1
> *ESR?
< 128
> *ESR?
< 0
> *TST?
< 0
""",
}


def talk(smu: Virtual2600, message: bytes, chunk: int | None) -> bytes:
    """Send a message in pieces and return all that comes back."""
    size = chunk or len(message)
    for first in range(0, len(message), size):
        smu.receive(message[first : first + size])
    return smu.take()


@pytest.mark.parametrize("chunk", [None, 1, 7])
@pytest.mark.parametrize("name", TRANSCRIPTS)
def test_transcript(smu: Virtual2600, name: str, chunk: int | None) -> None:
    waiting = b""
    for line in TRANSCRIPTS[name].strip("\n").split("\n"):
        if line.startswith("> "):
            assert waiting == b"", f"something was left unread before {line!r}"
            waiting = talk(smu, line[2:].encode() + b"\n", chunk)
        else:
            reply, _, waiting = waiting.partition(b"\n")
            assert reply.decode() == line[2:]
    assert waiting == b""
