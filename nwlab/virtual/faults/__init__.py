"""Faults on demand: scripts that say what goes wrong on a virtual bench, and what makes it go wrong."""

from nwlab.virtual.faults.planting import Stage, may_drift, plant
from nwlab.virtual.faults.script import Fault, FaultScript, Strike, load_faults

__all__ = ["Fault", "FaultScript", "Stage", "Strike", "load_faults", "may_drift", "plant"]
