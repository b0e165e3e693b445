"""The window: a run as it is measured, in a process of its own that only reads."""
