"""Where junctions and terminals lie: random wires, grids, graphs from files, and the pads that collect them."""
