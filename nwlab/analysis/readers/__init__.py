"""Recordings in the field's own formats; `read_recording` recognises which one a path is."""

from __future__ import annotations

from pathlib import Path

from nwlab.analysis.readers.bare_columns import read_bare
from nwlab.analysis.readers.channel_table import is_channel_table, read_channels
from nwlab.analysis.readers.keithley_table import is_keithley, read_keithley
from nwlab.analysis.readers.matlab import is_matlab, read_matlab
from nwlab.analysis.readers.run import read_run
from nwlab.analysis.readers.text import read_lines
from nwlab.analysis.recording import Recording
from nwlab.core.errors import FileError


def read_recording(path: str | Path) -> Recording:
    """Read a run's folder or another program's file; raises FileError naming file and line.

    Known: runs of nwlab; tables of ArC TWO and RCbench (`Time[s] 8_V[V] 8_I[A] …`), of Keithley SMUs (`Time[s]
    Voltage_prog[V] …`) and PMUs (`Voltage,Current,Timestamp,Status`); three bare columns t, I, V; .mat of NWNsim.
    """
    path = Path(path)
    if path.is_dir():
        return read_run(path)
    if not path.is_file():
        raise FileError("there is no such file or folder", path)
    if is_matlab(path):
        return read_matlab(path)
    lines = read_lines(path)
    head = lines.header
    if is_channel_table(head):
        return read_channels(lines)
    if is_keithley(head):
        return read_keithley(lines)
    if not head:
        return read_bare(lines)
    known = "'Time[s] 8_V[V] 8_I[A] …', 'Time[s] Voltage_prog[V] …', 'Voltage,Current,Timestamp,Status', or none at all"
    raise FileError(f"has a header that no reader knows: {' '.join(head)[:80]!r}; known are {known}", path, lines.first)


__all__ = ["read_recording"]
