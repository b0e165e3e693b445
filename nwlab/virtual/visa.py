"""Virtual instruments as a PyVISA library, in this process: no socket, no thread."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, cast

from pyvisa import constants, rname
from pyvisa.constants import StatusCode
from pyvisa.highlevel import ResourceInfo, VisaLibraryBase
from pyvisa.typing import VISARMSession, VISASession
from pyvisa.util import DebugInfo, LibraryPath

from nwlab.virtual.instrument import VirtualInstrument
from nwlab.virtual.port import Surroundings
from nwlab.virtual.visa_session import VisaSession

_names = itertools.count(1)
_READ_BUFFERS = constants.BufferOperation.discard_read_buffer | constants.BufferOperation.discard_receive_buffer


class NwlabVisaLibrary(VisaLibraryBase):
    """What PyVISA, and every client of it, takes for a VISA."""

    def _init(self) -> None:
        self._handles = itertools.count(1)
        self._sessions: dict[int, VisaSession] = {}
        self._instruments: dict[str, VirtualInstrument] = {}
        self._surroundings: Surroundings | None = None

    @classmethod
    def of(
        cls, instruments: Mapping[str, VirtualInstrument], surroundings: Surroundings | None = None
    ) -> NwlabVisaLibrary:
        """Make a library that finds these instruments at these addresses.

        What is no VISA address is taken as the host name of a LAN instrument. Time-outs pass on the clock of
        `surroundings`; without it they take no time.
        """
        library = cast(NwlabVisaLibrary, cls(LibraryPath(f"nwlab in process {next(_names)}")))
        library.mount(instruments, surroundings)
        return library

    def mount(self, instruments: Mapping[str, VirtualInstrument], surroundings: Surroundings | None = None) -> None:
        """Put instruments on the bus."""
        self._surroundings = surroundings
        self._instruments.update({str(_parse(address)): item for address, item in instruments.items()})

    @staticmethod
    def get_debug_info() -> DebugInfo:
        """Describe the backend for `pyvisa-info`."""
        return ["virtual instruments of nwlab, in process"]

    def open_default_resource_manager(self) -> tuple[VISARMSession, StatusCode]:
        """Open a session of the resource manager."""
        return VISARMSession(next(self._handles)), self.handle_return_value(None, StatusCode.success)

    def list_resources(self, session: VISARMSession, query: str = "?*::INSTR") -> tuple[str, ...]:
        """Return the addresses that match a VISA expression."""
        return rname.filter(self._instruments, query)

    def parse_resource_extended(self, session: VISARMSession, resource_name: str) -> tuple[ResourceInfo, StatusCode]:
        """Tell what kind of resource an address means."""
        return super().parse_resource_extended(session, str(_parse(resource_name)))

    def open(
        self,
        session: VISARMSession,
        resource_name: str,
        access_mode: constants.AccessModes = constants.AccessModes.no_lock,
        open_timeout: int = constants.VI_TMO_IMMEDIATE,
    ) -> tuple[VISASession, StatusCode]:
        """Open a session on the instrument at an address; several may be open at once."""
        name = _parse(resource_name)
        instrument = self._at(str(name))
        if instrument is None:
            return VISASession(0), self.handle_return_value(None, StatusCode.error_resource_not_found)
        handle = VISASession(next(self._handles))
        self._sessions[handle] = VisaSession(name, instrument, self._surroundings)
        return handle, self.handle_return_value(handle, StatusCode.success)

    def close(self, session: Any) -> StatusCode:
        """Close a session; the instrument is not told."""
        self._sessions.pop(session, None)
        return self.handle_return_value(None, StatusCode.success)

    def write(self, session: VISASession, data: bytes) -> tuple[int, StatusCode]:
        """Send bytes to the instrument."""
        return self._alive(session).write(bytes(data)), self.handle_return_value(session, StatusCode.success)

    def read(self, session: VISASession, count: int) -> tuple[bytes, StatusCode]:
        """Take a reply, or the part of it that fits."""
        data, status = self._session(session).read(count)
        return data, self.handle_return_value(session, status)

    def clear(self, session: VISASession) -> StatusCode:
        """Clear the device."""
        self._alive(session).clear()
        return self.handle_return_value(session, StatusCode.success)

    def flush(self, session: VISASession, mask: constants.BufferOperation) -> StatusCode:
        """Drop received bytes when asked to; written ones have always left."""
        if mask & _READ_BUFFERS:
            self._session(session).flush()
        return self.handle_return_value(session, StatusCode.success)

    def read_stb(self, session: VISASession) -> tuple[int, StatusCode]:
        """Poll the status byte; sockets and serial lines have no such thing."""
        byte = self._alive(session).status_byte()
        if byte is None:
            return 0, self.handle_return_value(session, StatusCode.error_nonsupported_operation)
        return byte, self.handle_return_value(session, StatusCode.success)

    def assert_trigger(self, session: VISASession, protocol: constants.TriggerProtocol) -> StatusCode:
        """Send a bus trigger; sockets and serial lines have no such thing."""
        done = self._alive(session).trigger()
        status = StatusCode.success if done else StatusCode.error_nonsupported_operation
        return self.handle_return_value(session, status)

    def get_attribute(
        self, session: Any, attribute: constants.ResourceAttribute | constants.EventAttribute
    ) -> tuple[Any, StatusCode]:
        """Return an attribute of a session."""
        value, status = self._session(session).get(attribute)
        return value, self.handle_return_value(session, status)

    def set_attribute(
        self, session: VISASession, attribute: constants.ResourceAttribute, attribute_state: Any
    ) -> StatusCode:
        """Set an attribute of a session."""
        return self.handle_return_value(session, self._session(session).set(attribute, attribute_state))

    def disable_event(
        self, session: VISASession, event_type: constants.EventType, mechanism: constants.EventMechanism
    ) -> StatusCode:
        """Do nothing: no events are ever enabled."""
        return self.handle_return_value(session, StatusCode.success)

    def discard_events(
        self, session: VISASession, event_type: constants.EventType, mechanism: constants.EventMechanism
    ) -> StatusCode:
        """Do nothing: no events ever queue up."""
        return self.handle_return_value(session, StatusCode.success)

    def _at(self, address: str) -> VirtualInstrument | None:
        wanted = address.casefold()
        return next((item for name, item in self._instruments.items() if name.casefold() == wanted), None)

    def _session(self, session: VISASession) -> VisaSession:
        """Raise VisaIOError for a session that is not open."""
        if session not in self._sessions:
            self.handle_return_value(None, StatusCode.error_invalid_object)
        return self._sessions[session]

    def _alive(self, session: VISASession) -> VisaSession:
        """Raise VisaIOError for a session that is not open, or whose connection the other side has ended."""
        found = self._session(session)
        if found.lost:
            self.handle_return_value(session, StatusCode.error_connection_lost)
        return found


def _parse(address: str) -> rname.ResourceName:
    try:
        return rname.ResourceName.from_string(address)
    except rname.InvalidResourceName:
        return rname.TCPIPInstr(host_address=address)
