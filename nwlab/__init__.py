"""nwlab: instruments, models and protocols for memristive nanowire networks."""

__version__ = "0.1.0"
