"""Instruments from the near side of the wire."""
