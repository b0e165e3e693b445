"""The compiled likelihood of a state that diffuses and jumps: a sum of normal branches."""

from pathlib import Path

from nwlab.model.compiled import renew

renew(Path(__file__).parent)  # its functions hold those of its other files
