"""Status registers as clients of a TSP instrument read them (2600BS-901-01, "Status model")."""

from __future__ import annotations

from collections.abc import Callable

from nwlab.virtual.interim.tsp_errors import ErrorQueue
from nwlab.virtual.interim.tsp_lua import Branch

MESSAGE_AVAILABLE, ERROR_AVAILABLE, EVENT_SUMMARY, REQUEST = 16, 4, 32, 64


def register(condition: Callable[[], int], constants: dict[str, float] | None = None) -> Branch:
    """Describe one register set whose condition is worked out when it is read."""
    masks = {"enable": 0, "ntr": 0, "ptr": 32767}

    def mask(name: str) -> tuple[Callable[[], int], Callable[[float], None]]:
        return lambda: masks[name], lambda value: masks.__setitem__(name, int(value))

    return Branch(
        attributes={
            "condition": (condition, None),
            "event": (condition, None),
            **{name: mask(name) for name in masks},
        },
        constants=constants or {},
    )


class Status:
    """The status byte, the standard event register, and the sets below `status`."""

    def __init__(self, errors: ErrorQueue) -> None:
        self._errors = errors
        self.request_enable = self.event_enable = 0
        self._branch = Branch(
            attributes={
                "condition": (lambda: self.byte(message_available=False), None),
                "request_enable": (lambda: self.request_enable, lambda mask: self.enable(request=str(mask))),
                "node_enable": (lambda: 0, lambda _: None),
            },
            functions={"reset": self.clear},
            constants={"MAV": 16, "EAV": 4, "MSB": 1, "ESB": 32, "OSB": 128, "QSB": 8},
            children={"standard": register(lambda: self._event())},
        )

    def branch(self) -> Branch:
        """Return `status`; an instrument adds its own sets to the children before it is defined."""
        return self._branch

    def byte(self, *, message_available: bool) -> int:
        """Return the status byte."""
        value = MESSAGE_AVAILABLE * message_available + ERROR_AVAILABLE * bool(len(self._errors))
        value += EVENT_SUMMARY * bool(self._event() & self.event_enable)
        return value + REQUEST * bool(value & self.request_enable)

    def take_event(self) -> int:
        """Return the standard event register."""
        return self._event()

    def enable(self, *, request: str | None = None, event: str | None = None) -> None:
        """Set an enable mask."""
        if request is not None:
            self.request_enable = int(float(request))
        if event is not None:
            self.event_enable = int(float(event))

    def clear(self) -> None:
        """Forget events and errors."""
        self._errors.clear()

    def _event(self) -> int:
        return 16 if len(self._errors) else 0  # bit 4: execution error
