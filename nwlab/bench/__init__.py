"""A chip through instruments: routing, programs, the safe state."""
