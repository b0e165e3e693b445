"""Finished runs turned into numbers."""
