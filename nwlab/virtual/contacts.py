"""The contacts of relays as mechanics has them: they follow their coils, unless they are stuck, welded or bounce."""

from __future__ import annotations

from collections.abc import Callable, Collection

from nwlab.virtual.ailments import Bounce, HeldContact
from nwlab.virtual.port import Surroundings

_EDGES = 6
"""Changes of a contact that bounces: it opens (or closes) and comes back three times."""

Crosspoint = tuple[str, int]


class Contacts:
    """All contacts of a matrix by crosspoint; `conduct` is told which are closed each time one has moved."""

    def __init__(self, world: Surroundings, conduct: Callable[[frozenset[Crosspoint]], None]) -> None:
        self._world, self._conduct = world, conduct
        self._driven: frozenset[Crosspoint] = frozenset()
        self._held: list[HeldContact] = []
        self._bouncing: list[Bounce] = []
        self._away: set[Crosspoint] = set()  # contacts in the middle of a bounce

    @property
    def sound(self) -> bool:
        """Whether every contact follows its coil."""
        return not self._held

    def follow(self, driven: frozenset[Crosspoint]) -> None:
        """Move as the coils now say."""
        moved, self._driven = driven ^ self._driven, driven
        self._settle()
        for bounce in self._bouncing:
            if bounce.crosspoint in moved:
                self._chatter(bounce)

    def told(self, driven: frozenset[Crosspoint]) -> frozenset[Crosspoint]:
        """Return which are closed by what reading back shows."""
        return _with(driven, [held for held in self._held if held.seen])

    def suffer(self, ailment: HeldContact | Bounce) -> None:
        """Let a contact be held, or bounce from its next movement on."""
        if isinstance(ailment, Bounce):
            self._bouncing.append(ailment)
        else:
            self._held.append(ailment)
            self._settle()

    def recover(self, ailment: HeldContact | Bounce) -> None:
        """Let a contact follow its coil again."""
        if isinstance(ailment, Bounce):
            self._bouncing.remove(ailment)
        else:
            self._held.remove(ailment)
            self._settle()

    def _settle(self) -> None:
        self._conduct(_with(self._driven ^ self._away, self._held))

    def _chatter(self, bounce: Bounce) -> None:
        """Move away at once, and back and forth until the bounce has died down."""
        self._turn(bounce.crosspoint)
        begun = self._world.now()
        for edge in range(1, _EDGES):
            when = begun + bounce.lasting * edge / (_EDGES - 1)
            self._world.at(when, lambda: self._turn(bounce.crosspoint))

    def _turn(self, crosspoint: Crosspoint) -> None:
        self._away ^= {crosspoint}
        self._settle()


def _with(driven: frozenset[Crosspoint], held: Collection[HeldContact]) -> frozenset[Crosspoint]:
    """Return what is closed when some contacts stay as they are; of two that disagree the later holds."""
    for contact in held:
        driven = driven | {contact.crosspoint} if contact.closed else driven - {contact.crosspoint}
    return driven
