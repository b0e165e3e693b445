"""The report of a run: one HTML file that needs nothing else, to read on screen and on paper."""
