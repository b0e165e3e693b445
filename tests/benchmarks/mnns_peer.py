"""The published peer mnns at nwlab's work, in an environment of its own; this file is also what runs there.

mnns is under the GPL: nothing of nwlab imports it, and nothing of nwlab is imported beside it.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from nwlab.core.drive import FloatArray
    from nwlab.model.networks.network import IntArray
    from nwlab.model.rate_balance import RateBalance

PACKAGE = "mnns==1.0.5"
FOLDER = Path(tempfile.gettempdir()) / "nwlab-peer-mnns-1.0.5"
ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class PeerGraph(NamedTuple):
    """A connected network without parallel junctions, between a source and a sink at 0 V."""

    nodes: int
    edges: IntArray  # (junctions, 2) nodes
    source: int
    sink: int


def mnns_steps_per_second(
    graph: PeerGraph, levels: FloatArray, dwell: ArrayLike, parameters: RateBalance, steps: int, folder: Path = FOLDER
) -> tuple[float, FloatArray] | None:
    """Let mnns play the first `steps` of levels (steps,) V, each held for `dwell` s, from a fresh network.

    Returns steps per second of processor time and the source's current (steps,) A at the start of each step; or None,
    with the reason printed, when mnns cannot be had. `folder` keeps its environment for next time.
    """
    python = _environment(folder)
    if python is None:
        return None
    with tempfile.TemporaryDirectory() as place:
        work = Path(place) / "work.npz"
        law = {name: getattr(parameters, name) for name in ("kp0", "kd0", "eta_p", "eta_d", "g_min", "g_max")}
        dwells = np.broadcast_to(dwell, levels.shape)[:steps]
        np.savez(work, **graph._asdict(), **law, levels=levels[:steps], dwells=dwells)
        command = [python, "-P", __file__, work]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ, **ONE_THREAD})
    told = json.loads(done.stdout)
    return told["rate"], np.array(told["currents"])


def _environment(folder: Path) -> Path | None:
    """Return the Python that has mnns, made when it is not there."""
    python = folder / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    stamp = folder / "installed"
    if stamp.exists():
        return python
    make = [sys.executable, "-m", "venv", "--clear", folder]
    fill = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]
    for command in (make, fill):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
            print(f"\nno comparison with {PACKAGE}, it cannot be installed: {reason}")
            return None
    stamp.touch()
    return python


def _network(work: dict[str, Any]) -> Any:
    """Lay the graph into a network of mnns, in S, V and A; mnns names node k `(k,)`."""
    import mnns

    network = mnns.create_NWN(density=0.0, units={"Ron": 1.0, "v0": 1.0})
    network.add_nodes_from(((k,) for k in range(work["nodes"])), electrode=False)
    edges = [((a,), (b,)) for a, b in work["edges"].tolist()]
    network.add_edges_from(edges, conductance=float(work["g_min"]), capacitance=0.0, type="junction")
    network.graph["node_indices"] = {(k,): k for k in range(work["nodes"])}
    span = work["g_max"] - work["g_min"]
    network.resistance_function = lambda _network, g: 1.0 / (work["g_min"] + span * g)
    return network


def _play(network: Any, work: dict[str, Any]) -> tuple[float, list[float]]:
    """Solve with mnns' own solver, note the current, let all junctions live exactly through the dwell, and so on."""
    import mnns

    start, end = network.wire_junction_indices()
    source, sink = (int(work["source"]),), (int(work["sink"]),)
    state, currents = np.zeros(len(start)), []
    before = time.process_time()
    for level, dwell in zip(work["levels"].tolist(), work["dwells"].tolist(), strict=True):
        solution = mnns.solve_network(network, source, sink, level)
        currents.append(float(solution[-1]))
        drop = np.abs(solution[start] - solution[end])
        up, down = work["kp0"] * np.exp(work["eta_p"] * drop), work["kd0"] * np.exp(-work["eta_d"] * drop)
        goal = up / (up + down)
        state = goal + (state - goal) * np.exp(-(up + down) * dwell)
        network.update_resistance(state)
    return time.process_time() - before, currents


def _main() -> None:
    with np.load(sys.argv[1]) as file:
        work = {name: file[name] if file[name].ndim else file[name].item() for name in file.files}
    seconds, currents = _play(_network(work), work)
    print(json.dumps({"rate": len(currents) / seconds, "currents": currents}))


if __name__ == "__main__":
    _main()
