"""Conductance, current, voltage and residuals against time."""
