"""Sweeps: one protocol on the models of many chips, over parameters and seeds, into one table."""
