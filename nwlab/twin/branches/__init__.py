"""The compiled filter of the scalar twin: a sum of normal branches, and the offset of the meter that reads them."""

from pathlib import Path

from nwlab.model.compiled import renew

renew(Path(__file__).parent)  # its functions hold those of its other files
