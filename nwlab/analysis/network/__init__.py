"""Deterministic fits: films in the mean field, with a spread of rates, as grids; contacts of many terminals."""
