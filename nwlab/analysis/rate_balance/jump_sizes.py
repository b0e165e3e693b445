"""How large jumps are: classes of sizes, each a normal density, and what two jumps in one step look like."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from nwlab.analysis.rate_balance.world import Values, World

CLASSES = 10
"""Size classes of jumps, equally wide in the logarithm."""


class Sizes(NamedTuple):
    """What jumps look like, alone and in pairs; nothing of it hangs on how often they come."""

    single: Values  # (classes, 3) log chance, mean and variance of the size of one
    pairs: Values  # (classes,) chance of what two leave


def sizes_of(world: World) -> Sizes:
    """Return the sizes of a world's jumps."""
    single = _single(world)
    return Sizes(single, _pairs(world, np.exp(single[:, 0]), single[:, 1]))


def size_classes(sizes: Sizes, expected: Values) -> Values:
    """Return log chance, mean and variance (classes, 3) of what a step's jump is, where `expected` (steps,) come.

    The chances add up to less than 1 where there are pairs: one that nearly cancels is below the smallest class, and
    looks like no jump.
    """
    share = _share_of_pairs(expected)
    size = sizes.single + 0 * share
    size[:, 0] = np.log(np.exp(sizes.single[:, 0]) * (1 - share) + share * sizes.pairs)
    return size


def _single(world: World) -> Values:
    """Return log chance, mean and variance of the size of one jump in each class; density ∝ A^−exponent."""
    width = np.log(world.largest / world.smallest) / CLASSES
    edges = world.smallest * np.exp(width * np.arange(CLASSES))
    power = 1 - world.exponent
    zeroth, first, second = (_grown(power + order, width) for order in range(3))
    logs = np.log(zeroth) + power * width * np.arange(CLASSES)
    logs = logs - np.log(_grown(power, CLASSES * width))
    mean = edges * first / zeroth
    return np.stack([logs + 0 * mean, mean, edges**2 * second / zeroth - mean**2], axis=1)


def _share_of_pairs(expected: Values) -> Values:
    """Return in which part of the steps with jumps there are two."""
    return (0.5 * expected**2 * np.exp(-expected)).sum() / -np.expm1(-expected).sum()


def _pairs(world: World, chance: Values, mean: Values) -> Values:
    """Return the chance that two jumps, each in either direction, leave a net one in each class.

    What two classes leave is shared out between the two whose middles are nearest.
    """
    first, second = np.indices((CLASSES, CLASSES)).reshape(2, -1)
    larger = first > second
    net = np.concatenate([mean[first] + mean[second], (mean[first] - mean[second])[larger]])
    weight = chance[first] * chance[second]
    weight = np.concatenate([0.5 * weight, weight[larger]])
    place = np.log(net / world.smallest) / np.log(world.largest / world.smallest) * CLASSES - 0.5
    weight, place = weight[_real(place) > -0.5], place[_real(place) > -0.5]
    place = np.where(_real(place) > 0, np.where(_real(place) < CLASSES - 1, place, CLASSES - 1), 0)
    below = np.minimum(np.floor(_real(place)).astype(int), CLASSES - 2)
    found = 0 * chance
    np.add.at(found, below, weight * (1 - place + below))
    np.add.at(found, below + 1, weight * (place - below))
    return found


def share_above(world: World, size: float) -> Values:
    """Return which part of the jumps is larger than `size` S."""
    if _real(world.smallest) >= size:
        return 1.0 + 0 * world.smallest
    power = 1 - world.exponent
    above = _grown(power, np.log(world.largest / size)) * (size / world.smallest) ** power
    return above / _grown(power, np.log(world.largest / world.smallest))


def _grown(slope: Values, span: Values) -> Values:
    """∫ e^(slope·x) dx over 0 … span."""
    slope = np.where(np.abs(_real(slope)) < 1e-7, slope + 2e-7, slope)[()]
    return np.expm1(slope * span) / slope


def _real(x: Values) -> Values:
    return np.real(x)
