"""The seam and its vocabulary: what everyone in nwlab may know."""
