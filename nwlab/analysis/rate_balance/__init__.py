"""The stochastic rate-balance law found in recordings."""
