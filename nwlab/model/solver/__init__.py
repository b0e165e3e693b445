"""Potentials of large networks: elimination order, factors, conjugate gradients; compiled."""
