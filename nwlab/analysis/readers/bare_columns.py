"""Three columns without a header: t in s, I in A, V in V."""

from __future__ import annotations

from nwlab.analysis.readers.text import Lines
from nwlab.analysis.readers.two_terminals import two_terminals
from nwlab.analysis.recording import Recording


def read_bare(lines: Lines) -> Recording:
    """Read such a table; raises FileError naming the line."""
    table = lines.table(3)
    return two_terminals(lines, table[:, 0], table[:, 2], table[:, 1], "three columns t, I, V")
