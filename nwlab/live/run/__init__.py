"""How the run stands, and the buttons that stop, hold and continue it."""
