"""What is done to a chip: steps that yield drives, and the files that name them.

A lab's own step is a generator function in a file of its own, annotated with the kinds below:

    from nwlab.protocol import Play, Seconds, Terminal, Volts

    def tickle(source: Terminal, sink: Terminal, level: Volts, width: Seconds) -> Play:
        '''One short pulse.'''
        ...
        reading = yield drive

Where the protocol's file says `needs = { twin = true }`, a step may ask what a drive would give before it plays it:

        expected = yield Expect(drive)
        if expected.current[-1, 0] + 2 * expected.sd[-1, 0] < most:
            reading = yield drive

What a step has found out it tells, and it stands in the record beside the samples:

        yield Result({"reached": True, "conductance": {"value": 2.002e-05, "unit": "S", "error": 1e-08}})
"""

from nwlab.protocol.kinds import Amps, Ohms, Play, Seconds, Siemens, Terminal, Volts

__all__ = ["Amps", "Ohms", "Play", "Seconds", "Siemens", "Terminal", "Volts"]
