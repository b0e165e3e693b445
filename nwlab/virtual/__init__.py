"""Instruments from the far side of the wire, and the world they stand in."""
