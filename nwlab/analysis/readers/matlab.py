"""Results of NWNsim: a .mat file with a struct `sim` of stimulus, network conductance and perhaps current.

Fields: `Stim.Signal` V, `netC` S, `netI` A or none, `dt` s, `Stim.TimeAxis` s or none (then time counts from dt).
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import numpy as np

from nwlab.analysis.readers.two_terminals import paired
from nwlab.analysis.recording import Recording
from nwlab.core.drive import FloatArray
from nwlab.core.errors import FileError

_HDF5 = b"\x89HDF\r\n\x1a\n"


def is_matlab(path: Path) -> bool:
    """Whether a file is called .mat."""
    return path.suffix.lower() == ".mat"


def read_matlab(path: Path) -> Recording:
    """Read such a file; raises FileError saying which field is missing, or does not fit the others."""
    content = path.read_bytes()
    sim = _struct(path, content)
    signal, conductance = _column(path, sim, "Stim.Signal"), _column(path, sim, "netC")
    count = conductance.size
    if not count:
        raise FileError("sim.netC is empty: nothing was simulated", path)
    signal = _first(path, "Stim.Signal", signal, count)
    current = _first(path, "netI", _column(path, sim, "netI"), count) if _has(sim, "netI") else conductance * signal
    time = _times(path, sim, count)
    if not bool((np.diff(time) > 0).all()):
        raise FileError("holds no times that ascend", path)
    return paired(time, signal, current, path, "NWNsim", hashlib.sha256(content).hexdigest())


def _first(path: Path, name: str, values: FloatArray, count: int) -> FloatArray:
    """Return as many as there are conductances: a stimulus may have been planned for longer."""
    if values.size < count:
        raise FileError(f"sim.{name} has {values.size} samples, but sim.netC {count}", path)
    return values[:count]


def _times(path: Path, sim: Any, samples: int) -> FloatArray:
    if _has(sim, "Stim.TimeAxis"):
        return _first(path, "Stim.TimeAxis", _column(path, sim, "Stim.TimeAxis"), samples)
    step = _column(path, sim, "dt")
    if not step.size:
        raise FileError("sim.dt is empty; it should hold the time between samples in s", path)
    return float(step[0]) * np.arange(1.0, samples + 1.0)


def _struct(path: Path, content: bytes) -> Any:
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    if content.startswith(b"MATLAB 7.3") or content[512:520] == _HDF5:
        raise FileError("is of MATLAB 7.3; save it anew there with: save(name, 'sim', '-v7')", path)
    try:
        found = loadmat(path, struct_as_record=False, squeeze_me=True, variable_names=["sim"])
    except (MatReadError, ValueError, NotImplementedError, TypeError, OSError, EOFError, IndexError) as error:
        raise FileError(f"is no .mat file that can be read: {error}", path) from error
    if "sim" not in found:
        raise FileError("holds no variable 'sim', which results of NWNsim are called", path)
    return found["sim"]


def _has(sim: Any, name: str) -> bool:
    for part in name.split("."):
        if not hasattr(sim, part):
            return False
        sim = getattr(sim, part)
    return True


def _column(path: Path, sim: Any, name: str) -> FloatArray:
    if not _has(sim, name):
        raise FileError(f"holds no sim.{name}", path)
    for part in name.split("."):
        sim = getattr(sim, part)
    if np.iscomplexobj(sim):
        raise FileError(f"sim.{name} holds complex numbers, of which no quantity is made", path)
    try:
        return np.atleast_1d(np.asarray(sim, dtype=np.float64)).ravel()
    except (TypeError, ValueError) as error:
        raise FileError(f"sim.{name} holds something else than numbers", path) from error
