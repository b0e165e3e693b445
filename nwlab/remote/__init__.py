"""The seam between two processes: drives go in, blocks come out, and silence makes safe."""
