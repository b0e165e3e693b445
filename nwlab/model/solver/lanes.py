"""Eight numbers at a time inside compiled loops, for loops too short for the compiler to bundle by itself.

`load`, `store` and their kin take a one-dimensional contiguous float64 array and the place of the first of eight
numbers, and check nothing. A processor with narrower registers does the same in several steps.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import models
from numba.extending import intrinsic, register_model

WIDTH = 8

_VECTOR = ir.VectorType(ir.DoubleType(), WIDTH)
_FLAGS = ("contract",)


def _inside(generator: Any) -> Any:
    """Make a function that compiled code expands in place."""
    return intrinsic(generator)


class _LanesType(types.Type):
    def __init__(self) -> None:
        super().__init__(name="Lanes")


_lanes = _LanesType()


@register_model(_LanesType)
class _LanesModel(models.PrimitiveModel):
    def __init__(self, manager: Any, kind: Any) -> None:
        super().__init__(manager, kind, _VECTOR)


def _pointer(context: Any, builder: Any, kind: Any, array: Any, place: Any) -> Any:
    data = cgutils.create_struct_proxy(kind)(context, builder, value=array).data
    return builder.bitcast(builder.gep(data, [place]), _VECTOR.as_pointer())


def _spread(builder: Any, value: Any) -> Any:
    first = builder.insert_element(ir.Constant(_VECTOR, ir.Undefined), value, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    return builder.shuffle_vector(first, first, mask)


@_inside
def load(_typing: Any, array: Any, place: Any) -> Any:
    """Return array[place:place + 8]."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.load(_pointer(context, builder, signature.args[0], *arguments), align=8)

    return _lanes(array, types.intp), generate


@_inside
def store(_typing: Any, array: Any, place: Any, value: Any) -> Any:
    """Write eight numbers to array[place:place + 8]."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        builder.store(arguments[2], _pointer(context, builder, signature.args[0], *arguments[:2]), align=8)
        return context.get_dummy_value()

    return types.void(array, types.intp, _lanes), generate


@_inside
def alike(_typing: Any, number: Any) -> Any:
    """Return one number eight times."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _spread(builder, arguments[0])

    return _lanes(types.float64), generate


@_inside
def plus(_typing: Any, one: Any, two: Any, three: Any) -> Any:
    """Return one + two·three, lane by lane."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        one, two, three = arguments
        return builder.fadd(one, builder.fmul(two, three, flags=_FLAGS), flags=_FLAGS)

    return _lanes(_lanes, _lanes, _lanes), generate


@_inside
def total(_typing: Any, value: Any) -> Any:
    """Return the sum of eight numbers."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        value, index = arguments[0], ir.IntType(32)
        half = WIDTH // 2
        while half:
            mask = ir.Constant(ir.VectorType(index, half), list(range(half)))
            other = ir.Constant(ir.VectorType(index, half), list(range(half, 2 * half)))
            low, high = builder.shuffle_vector(value, value, mask), builder.shuffle_vector(value, value, other)
            value, half = builder.fadd(low, high), half // 2
        return builder.extract_element(value, ir.Constant(index, 0))

    return types.float64(_lanes), generate


def _chosen(builder: Any, value: Any, count: Any, relation: str) -> Any:
    """Keep the lanes whose number stands in a relation to `count`, and zero the others."""
    whole = ir.VectorType(ir.IntType(64), WIDTH)
    first = builder.insert_element(ir.Constant(whole, ir.Undefined), count, ir.Constant(ir.IntType(32), 0))
    mask = ir.Constant(ir.VectorType(ir.IntType(32), WIDTH), [0] * WIDTH)
    counts = builder.shuffle_vector(first, first, mask)
    keep = builder.icmp_signed(relation, ir.Constant(whole, list(range(WIDTH))), counts)
    return builder.select(keep, value, ir.Constant(_VECTOR, [0.0] * WIDTH))


@_inside
def beyond(_typing: Any, value: Any, count: Any) -> Any:
    """Return eight numbers of which the first `count` are made zero."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _chosen(builder, *arguments, relation=">=")

    return _lanes(_lanes, types.int64), generate


@_inside
def within(_typing: Any, value: Any, count: Any) -> Any:
    """Return eight numbers of which all but the first `count` are made zero."""

    def generate(_context: Any, builder: Any, _signature: Any, arguments: Any) -> Any:
        return _chosen(builder, *arguments, relation="<")

    return _lanes(_lanes, types.int64), generate


@_inside
def collect(_typing: Any, array: Any, places: Any, begin: Any) -> Any:
    """Return array[places[begin]] to array[places[begin + 7]]; `places` is a contiguous int32 array."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        index = ir.IntType(32)
        data = cgutils.create_struct_proxy(signature.args[0])(context, builder, value=arguments[0]).data
        where = cgutils.create_struct_proxy(signature.args[1])(context, builder, value=arguments[1]).data
        value = ir.Constant(_VECTOR, ir.Undefined)
        for lane in range(WIDTH):
            place = builder.load(builder.gep(where, [builder.add(arguments[2], ir.Constant(ir.IntType(64), lane))]))
            number = builder.load(builder.gep(data, [builder.sext(place, ir.IntType(64))]))
            value = builder.insert_element(value, number, ir.Constant(index, lane))
        return value

    return _lanes(array, places, types.int64), generate
