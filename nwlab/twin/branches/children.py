"""What branches may have become after a step, and which of it goes on; compiled."""

from __future__ import annotations

from typing import NamedTuple

from nwlab.core.drive import FloatArray
from nwlab.model.compiled import bare

KEPT = 8
"""Branches after each step."""
_NEAR = 0.3
"""Branches merge when their means differ by less than this part of the heavier one's variance, squared."""


class Child(NamedTuple):
    """What a branch may have become; moments are sums over events until it is taken."""

    mass: float
    mean: float
    square: float


@bare
def merged(child: Child, mass: float, mean: float, variance: float) -> Child:
    """Two normal states as one; `square` is mass times variance."""
    whole = child.mass + mass
    apart = mean - child.mean
    square = child.square + mass * variance + (child.mass * mass / whole) * apart * apart
    return Child(whole, child.mean + mass / whole * apart, square)


@bare
def put(children: FloatArray, place: int, child: Child) -> float:
    """Write a child down; return its mass."""
    children[0, place] = child.mass
    if child.mass > 0.0:
        children[1, place], children[2, place] = child.mean, child.square / child.mass
    return child.mass


@bare
def select(children: FloatArray, branches: FloatArray) -> None:
    """The heaviest children become the branches, each with what lies near it; what is left over joins the last."""
    total = 0.0
    for j in range(KEPT):
        heaviest = 0
        for place in range(1, children.shape[1]):
            if children[0, place] > children[0, heaviest]:
                heaviest = place
        branch = _take(children, heaviest, Child(0.0, 0.0, 0.0))
        middle, reach = children[1, heaviest], _NEAR * children[2, heaviest]
        for place in range(children.shape[1]):
            if children[0, place] > 0.0 and (j == KEPT - 1 or (children[1, place] - middle) ** 2 < reach):
                branch = _take(children, place, branch)
        branches[2, j] = branch.mass
        if branch.mass > 0.0:
            branches[0, j], branches[1, j] = branch.mean, branch.square / branch.mass
        total += branch.mass
    for j in range(KEPT):
        branches[2, j] /= total


@bare
def _take(children: FloatArray, place: int, branch: Child) -> Child:
    mass = children[0, place]
    children[0, place] = 0.0
    if mass == 0.0:
        return branch
    return merged(branch, mass, children[1, place], children[2, place])
