"""Memory of processes, in MB."""

import re
from pathlib import Path


def peak() -> float:
    """Return this process's own peak; what `getrusage` tells begins at that of the process it was forked from."""
    if Path("/proc/self/status").exists():
        return size("VmHWM")
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def size(key: str, process: int | str = "self") -> float:
    """Return a size that Linux tells of a process: VmRSS, or VmHWM, which is its peak."""
    (found,) = re.findall(rf"{key}:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return float(found) / 1024
