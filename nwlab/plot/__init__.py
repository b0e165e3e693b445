"""Events and runs as arrays and pictures."""
