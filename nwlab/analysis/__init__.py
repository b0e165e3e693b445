"""Finished runs and other people's recordings → numbers and chip files."""
