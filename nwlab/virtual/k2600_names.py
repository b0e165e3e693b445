"""The object `smuX` in Lua's eyes, apart from its triggers.

Source: Series 2600B reference manual 2600BS-901-01, section "TSP command reference"; numbers of constants as there.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from nwlab.core.drive import Quantity
from nwlab.virtual.k2600_channel import SmuChannel
from nwlab.virtual.k2600_measure import DELAY_AUTO, Measuring
from nwlab.virtual.k2600_source import Source
from nwlab.virtual.k2600_trigger_names import trigger_node
from nwlab.virtual.tsp_errors import ErrorQueue
from nwlab.virtual.tsp_node import Node, flag, number

V, A = Quantity.VOLTAGE, Quantity.CURRENT
LETTERS = {"v": V, "i": A}
FUNCTIONS = ("i", "v", "r", "p", "iv")
NPLC = (0.001, 25.0)

CONSTANTS = {
    "DISABLE": 0, "ENABLE": 1, "ASYNC": 2, "OFF": 0, "ON": 1,
    "OUTPUT_OFF": 0, "OUTPUT_ON": 1, "OUTPUT_HIGH_Z": 2, "OUTPUT_NORMAL": 0, "OUTPUT_ZERO": 1,
    "OUTPUT_DCAMPS": 0, "OUTPUT_DCVOLTS": 1, "OE_NONE": 0, "OE_OUTPUT_OFF": 1,
    "SENSE_LOCAL": 0, "SENSE_REMOTE": 1, "SENSE_CALA": 3,
    "AUTORANGE_OFF": 0, "AUTORANGE_ON": 1, "AUTORANGE_FOLLOW_LIMIT": 2,
    "AUTOZERO_OFF": 0, "AUTOZERO_ONCE": 1, "AUTOZERO_AUTO": 2, "DELAY_OFF": 0, "DELAY_AUTO": -1,
    "FILTER_OFF": 0, "FILTER_ON": 1, "FILTER_MOVING_AVG": 0, "FILTER_REPEAT_AVG": 1, "FILTER_MEDIAN": 2,
    "REL_OFF": 0, "REL_ON": 1, "SETTLE_SMOOTH": 0, "SETTLE_FAST_RANGE": 1, "SETTLE_FAST_POLARITY": 2,
    "SETTLE_DIRECT_IRANGE": 3, "SETTLE_SMOOTH_100NA": 4, "SETTLE_FAST_ALL": 128,
    "SOURCE_IDLE": 0, "SOURCE_HOLD": 1, "LIMIT_AUTO": 0, "SRC_VOLT": 1, "SRC_CURR": 0,
    "FILL_ONCE": 0, "FILL_WINDOW": 1, "CALSET_DEFAULT": 2, "CALSET_FACTORY": 1, "CALSET_NOMINAL": 0,
    "CONTACT_FAST": 0, "CONTACT_MEDIUM": 1, "CONTACT_SLOW": 2,
}  # fmt: skip


def smu_node(smu: SmuChannel) -> Node:
    """Return the object `smuX`."""
    node = Node(luatype="smu").constants(CONSTANTS)
    errors = smu.engine.errors
    node.attribute("sense", lambda: int(smu.source.remote), _setter(_set_sense, smu.source))
    node.function("reset", smu.reset).function("abort", smu.abort)
    node.function("makebuffer", smu.make_buffer).function("savebuffer", smu.save_buffer)
    node.child("nvbuffer1", smu.buffers[0].node())
    node.child("nvbuffer2", smu.buffers[1].node())
    node.child("source", source_node(smu, errors))
    node.child("measure", measure_node(smu, errors))
    node.child("trigger", trigger_node(smu))
    contact = node.at("contact").storage({"speed": 0, "threshold": 50.0})
    contact.function("check", lambda: True).function("r", lambda: (1.0, 1.0))
    cal = node.at("cal").storage({"adjustdate": 0, "date": 0, "due": 0, "state": 0, "password": "", "polarity": 0})
    cal.function("lock", lambda: None).function("unlock", lambda *_: None).function("save", lambda *_: None)
    for functions in FUNCTIONS:
        node.function(f"measure{functions}andstep", partial(smu.measure_and_step, functions))
    return node


def source_node(smu: SmuChannel, errors: ErrorQueue) -> Node:
    """Return the object `smuX.source`."""
    source = smu.source
    node = Node(luatype="source")
    node.attribute("func", lambda: int(source.function is V), lambda value: source.set_function(number(value)))
    node.attribute("output", lambda: source.output, lambda value: source.set_output(number(value)))
    for letter, quantity in LETTERS.items():
        _source_quantity(node, source, letter, quantity)
    node.attribute("offmode", lambda: source.off_mode, _bounded(errors, source, "off_mode", 0, 2, int))
    node.attribute("offfunc", lambda: source.off_function, _bounded(errors, source, "off_function", 0, 1, int))
    node.attribute("delay", lambda: source.delay, _set_source_delay(source))
    node.attribute("compliance", smu.look)
    node.storage({"settling": 0, "highc": 0, "sink": 0, "outputenableaction": 0, "limitp": 0.0})
    return node.function("calibratei", lambda *_: None).function("calibratev", lambda *_: None)


def measure_node(smu: SmuChannel, errors: ErrorQueue) -> Node:
    """Return the object `smuX.measure`."""
    measuring = smu.measuring
    node = Node(luatype="measure")
    for functions in FUNCTIONS:
        node.function(functions, partial(smu.measure, functions))
        node.function(f"overlapped{functions}", partial(smu.overlap, functions))
    for letter, quantity in LETTERS.items():
        _measure_quantity(node, measuring, letter, quantity)
    node.attribute("nplc", lambda: measuring.nplc, _bounded(errors, measuring, "nplc", *NPLC, float))
    node.attribute("count", lambda: measuring.count, _bounded(errors, measuring, "count", 1, 140_000, int))
    node.attribute("interval", lambda: measuring.interval, _bounded(errors, measuring, "interval", 0, 1, float))
    node.attribute("autozero", lambda: measuring.autozero, _bounded(errors, measuring, "autozero", 0, 2, int))
    node.attribute("delay", lambda: measuring.delay, _set_measure_delay(errors, measuring))
    factor = _bounded(errors, measuring, "delay_factor", 0, 1000, float)
    node.attribute("delayfactor", lambda: measuring.delay_factor, factor)
    node.child("filter", _filter_node(errors, measuring))
    node.child("rel", _relative_node(measuring))
    return node


def _source_quantity(node: Node, source: Source, letter: str, quantity: Quantity) -> None:
    node.attribute(f"level{letter}", lambda: source.level[quantity], lambda x: source.set_level(quantity, number(x)))
    node.attribute(f"limit{letter}", lambda: source.limit[quantity], lambda x: source.set_limit(quantity, number(x)))
    node.attribute(f"range{letter}", lambda: source.range(quantity), lambda x: source.set_range(quantity, number(x)))
    node.attribute(
        f"autorange{letter}", lambda: int(source.auto[quantity]), lambda x: source.set_auto(quantity, on=flag(x))
    )

    def set_low(value: object) -> None:
        top = source.range_for(quantity, number(value))
        if top is not None:
            source.low_range[quantity] = top
            source.apply()

    node.attribute(f"lowrange{letter}", lambda: source.low_range[quantity], set_low)

    def set_off_limit(value: object) -> None:
        source.set_off_limit(quantity, number(value))

    node.attribute(f"offlimit{letter}", lambda: source.off_limit[quantity], set_off_limit)


def _measure_quantity(node: Node, measuring: Measuring, letter: str, quantity: Quantity) -> None:
    node.attribute(
        f"range{letter}", lambda: measuring.range(quantity), lambda x: measuring.set_range(quantity, number(x))
    )
    node.attribute(
        f"autorange{letter}", lambda: int(measuring.auto[quantity]), lambda x: measuring.set_auto(quantity, on=flag(x))
    )

    def set_low(value: object) -> None:
        measuring.set_low_range(quantity, number(value))

    node.attribute(f"lowrange{letter}", lambda: measuring.low_range[quantity], set_low)


def _filter_node(errors: ErrorQueue, measuring: Measuring) -> Node:
    def enable(value: object) -> None:
        measuring.filter_on = flag(value)
        measuring.forget_filter()

    node = Node().attribute("enable", lambda: int(measuring.filter_on), enable)
    node.attribute("count", lambda: measuring.filter_count, _bounded(errors, measuring, "filter_count", 1, 100, int))
    return node.attribute("type", lambda: measuring.filter_type, _bounded(errors, measuring, "filter_type", 0, 2, int))


def _relative_node(measuring: Measuring) -> Node:
    node = Node()
    for letter in "ivrp":

        def enable(value: object, letter: str = letter) -> None:
            measuring.relative_on[letter] = flag(value)

        def level(value: object, letter: str = letter) -> None:
            measuring.relative[letter] = number(value)

        node.attribute(f"enable{letter}", lambda letter=letter: int(measuring.relative_on[letter]), enable)
        node.attribute(f"level{letter}", lambda letter=letter: measuring.relative[letter], level)
    return node


def _bounded(
    errors: ErrorQueue, owner: object, name: str, low: float, high: float, kind: type[int] | type[float]
) -> Callable[[object], None]:
    def put(value: object) -> None:
        setattr(owner, name, kind(errors.within(number(value), low, high, getattr(owner, name))))
        if isinstance(owner, Source):
            owner.apply()

    return put


def _setter(put: Callable[[Source, float], None], source: Source) -> Callable[[object], None]:
    return lambda value: put(source, number(value))


def _set_sense(source: Source, value: float) -> None:
    source.remote = value == 1
    source.apply()


def _set_source_delay(source: Source) -> Callable[[object], None]:
    def put(value: object) -> None:
        source.set_delay(number(value))

    return put


def _set_measure_delay(errors: ErrorQueue, measuring: Measuring) -> Callable[[object], None]:
    def put(value: object) -> None:
        delay = number(value)
        if delay != DELAY_AUTO:
            delay = errors.within(delay, 0, 1000, measuring.delay)
        measuring.delay = delay

    return put
