"""The objects `smuX.trigger` and `trigger` in Lua's eyes.

Source: Series 2600B reference manual 2600BS-901-01, `smuX.trigger.*`, `trigger.*`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import numpy as np

from nwlab.core.drive import Quantity
from nwlab.virtual.k2600_channel import SmuChannel, chosen_buffers
from nwlab.virtual.k2600_sweep import Levels, Sweep
from nwlab.virtual.tsp import TspEngine
from nwlab.virtual.tsp_errors import ErrorQueue
from nwlab.virtual.tsp_node import Node, TspRefusalError, flag, number, numbers
from nwlab.virtual.tsp_trigger import Blender, Detector, EventBus, Timer, at_once, checked_delays

COMMAND_EVENT, DISPLAY_EVENT = 29, 28
FIRST_BLENDER, FIRST_TIMER, FIRST_SMU, FIRST_GENERATOR = 30, 36, 44, 58
SMU_EVENTS = 7
_MOST_COUNTS, _MOST_POINTS = 1_048_575, 140_000
_EVENT_NAMES = (
    "SWEEPING", "ARMED", "SOURCE_COMPLETE", "MEASURE_COMPLETE", "PULSE_COMPLETE", "SWEEP_COMPLETE", "IDLE",
)  # fmt: skip


def trigger_node(smu: SmuChannel) -> Node:
    """Return the object `smuX.trigger`."""
    sweep, errors = smu.sweep, smu.engine.errors
    node = Node(luatype="trigger")
    node.constants({f"{name}_EVENT_ID": sweep.first_event + number for number, name in enumerate(_EVENT_NAMES)})
    node.function("initiate", sweep.initiate)
    node.attribute("count", lambda: sweep.count, _whole(errors, sweep, "count", 0, _MOST_COUNTS))
    node.attribute("autoclear", lambda: int(sweep.autoclear), lambda value: setattr(sweep, "autoclear", flag(value)))
    for name, gate in sweep.gates.items():
        _detector(node.at(name), gate).function("set", gate.detect)
    node.at("arm").attribute("count", lambda: sweep.arm_count, _whole(errors, sweep, "arm_count", 0, _MOST_COUNTS))
    _source_part(node.at("source"), smu)
    measure = node.at("measure")
    measure.attribute("action", lambda: sweep.measure_action, _whole(errors, sweep, "measure_action", 0, 2))
    for functions in ("i", "v", "r", "p", "iv"):
        measure.function(functions, partial(_store, sweep, functions))
    node.at("endpulse").attribute("action", lambda: sweep.end_pulse, _whole(errors, sweep, "end_pulse", 0, 1))
    node.at("endsweep").attribute("action", lambda: sweep.end_sweep, _whole(errors, sweep, "end_sweep", 0, 1))
    return node


def instrument_trigger_node(engine: TspEngine, bus: EventBus) -> Node:
    """Return the object `trigger`, with timers, blenders and generators; reset is the instrument's."""
    node = Node(luatype="trigger").constants({"EVENT_ID": COMMAND_EVENT})
    command = _listener(bus, COMMAND_EVENT)
    engine.on_trigger.append(lambda: at_once(engine.world, lambda: bus.fire(COMMAND_EVENT)))
    node.function("wait", _waiting(engine, command.consume)).function("clear", command.clear)
    for index in range(8):
        node.at("timer").child(index + 1, _timer_node(engine, bus, FIRST_TIMER + index))
    for index in range(6):
        node.at("blender").child(index + 1, _blender_node(engine, bus, FIRST_BLENDER + index))
    for index in range(2):
        node.at("generator").child(index + 1, _generator_node(engine, bus, FIRST_GENERATOR + index))
    return node


def digital_node(engine: TspEngine, bus: EventBus) -> Node:
    """Return the object `digio`: fourteen lines that nothing is connected to, so they read high unless written."""
    lines = dict.fromkeys(range(1, 15), 1)

    def read(line: object) -> int:
        return lines[_line(line)]

    def write(line: object, value: object) -> None:
        lines[_line(line)] = int(flag(value))

    def write_port(value: object) -> None:
        bits = int(number(value))
        lines.update({line: bits >> (line - 1) & 1 for line in lines})

    node = Node(luatype="digio").storage({"writeprotect": 0})
    node.function("readbit", read).function("writebit", write)
    node.function("readport", lambda: sum(value << (line - 1) for line, value in lines.items()))
    node.function("writeport", write_port)
    node.constants({"TRIG_BYPASS": 0, "TRIG_FALLING": 1, "TRIG_RISING": 2, "TRIG_EITHER": 3, "TRIG_RISINGA": 6})
    node.constants({"TRIG_SYNCHRONOUSA": 4, "TRIG_SYNCHRONOUS": 5, "TRIG_SYNCHRONOUSM": 7, "TRIG_RISINGM": 8})
    for index in range(14):
        line = _generator_node(engine, bus, index + 1).storage({"mode": 0, "pulsewidth": 10e-6})
        _detector(line, Detector(bus)).function("release", lambda: None)
        line.function("wait", _waiting(engine, lambda: False))
        node.at("trigger").child(index + 1, line)
    return node


def _source_part(node: Node, smu: SmuChannel) -> None:
    sweep, errors = smu.sweep, smu.engine.errors
    node.attribute("action", lambda: sweep.source_action, _whole(errors, sweep, "source_action", 0, 1))
    for letter, quantity in (("v", Quantity.VOLTAGE), ("i", Quantity.CURRENT)):

        def set_limit(value: object, quantity: Quantity = quantity) -> None:
            sweep.set_limit(quantity, number(value))

        node.attribute(f"limit{letter}", lambda quantity=quantity: sweep.limit[quantity], set_limit)
        for name, points in (("list", _list), ("linear", _linear), ("log", _log)):

            def configure(
                *arguments: object, quantity: Quantity = quantity, points: Callable[..., list[float]] = points
            ) -> None:
                sweep.levels = Levels(quantity, points(*arguments))

            node.function(f"{name}{letter}", configure)


def _list(values: object) -> list[float]:
    points = numbers(values)
    if not 0 < len(points) <= _MOST_POINTS:
        raise TspRefusalError(f"a sweep of {len(points)} points")
    return points


def _linear(start: object, stop: object, points: object) -> list[float]:
    return np.linspace(number(start), number(stop), _points(points)).tolist()


def _log(start: object, stop: object, points: object, asymptote: object = 0.0) -> list[float]:
    first, last, offset = number(start), number(stop), number(asymptote)
    if (first - offset) * (last - offset) <= 0:
        raise TspRefusalError("a logarithmic sweep cannot cross its asymptote")
    sign = 1 if first > offset else -1
    return (offset + sign * np.geomspace(abs(first - offset), abs(last - offset), _points(points))).tolist()


def _points(value: object) -> int:
    points = int(number(value))
    if not 0 < points <= _MOST_POINTS:
        raise TspRefusalError(f"a sweep of {points} points")
    return points


def _store(sweep: Sweep, functions: str, *buffers: object) -> None:
    if len(buffers) < len(functions):
        raise TspRefusalError("reading buffer expected")
    sweep.functions, sweep.buffers = functions, chosen_buffers(functions, buffers)


def _timer_node(engine: TspEngine, bus: EventBus, event: int) -> Node:
    timer, errors = Timer(engine.world, bus, event), engine.errors
    engine.on_reset.append(timer.reset)
    heard = _listener(bus, event)

    def set_delays(delays: list[float]) -> None:
        checked = checked_delays(errors, delays)
        if checked is not None:
            timer.set_delays(checked)

    node = Node(luatype="timer").constants({"EVENT_ID": event})
    node.attribute("delay", lambda: timer.delays[0], lambda value: set_delays([number(value)]))
    node.attribute("delaylist", lambda: list(timer.delays), lambda value: set_delays(numbers(value)))
    node.attribute("count", lambda: timer.count, _whole(errors, timer, "count", 0, _MOST_COUNTS))
    node.attribute("passthrough", lambda: timer.passthrough, lambda x: setattr(timer, "passthrough", flag(x)))
    _detector(node, timer.detector).function("reset", timer.reset)
    return node.function("wait", _waiting(engine, heard.consume))


def _blender_node(engine: TspEngine, bus: EventBus, event: int) -> Node:
    blender = Blender(bus, event)
    engine.on_reset.append(blender.reset)
    heard = _listener(bus, event)
    node = Node(luatype="blender").constants({"EVENT_ID": event})
    node.attribute("orenable", lambda: blender.any, lambda value: setattr(blender, "any", flag(value)))
    node.attribute("overrun", lambda: any(detector.overrun for detector in blender.inputs))
    stimulus = node.at("stimulus")
    for index, detector in enumerate(blender.inputs, 1):
        stimulus.attribute(index, lambda detector=detector: detector.stimulus, _stimulus(detector))
    node.function("reset", blender.reset).function("clear", heard.clear)
    return node.function("wait", _waiting(engine, heard.consume))


def _generator_node(engine: TspEngine, bus: EventBus, event: int) -> Node:
    node = Node(luatype="generator").constants({"EVENT_ID": event})
    return node.function("assert", lambda: at_once(engine.world, lambda: bus.fire(event)))


def _detector(node: Node, detector: Detector) -> Node:
    node.attribute("stimulus", lambda: detector.stimulus, _stimulus(detector))
    node.attribute("overrun", lambda: detector.overrun)
    return node.function("clear", detector.clear)


def _stimulus(detector: Detector) -> Callable[[object], None]:
    def put(value: object) -> None:
        detector.stimulus = int(number(value))

    return put


def _listener(bus: EventBus, event: int) -> Detector:
    detector = Detector(bus)
    detector.stimulus = event
    return detector


def _waiting(engine: TspEngine, done: Callable[[], bool]) -> Callable[[object], bool]:
    return lambda timeout: engine.wait_until(done, number(timeout))


def _line(value: object) -> int:
    line = int(number(value))
    if not 1 <= line <= 14:
        raise TspRefusalError(f"there is no digital line {line}")
    return line


def _whole(errors: ErrorQueue, owner: object, name: str, low: int, high: int) -> Callable[[object], None]:
    return lambda value: setattr(owner, name, int(errors.within(number(value), low, high, getattr(owner, name))))
