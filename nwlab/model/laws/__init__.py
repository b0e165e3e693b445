"""Names of the junction laws that a chip file can choose, without importing any of them."""

LAWS = {
    "rate-balance": "potentiation against depression, with noise and jumps; integrated exactly",
    "lasting": "rate balance that forgets towards a slow trace, which it feeds: engrams",
    "tunnelling": "filaments that grow and shrink beyond threshold voltages, and conduct by tunnelling",
    "device": "a non-volatile cell for weights: polarity, thresholds, levels, programming error, drift",
    "fixed": "a plain resistor: neither voltage nor time changes it",
    "legacy": "the map of older published codes; for reproduction only: its results depend on the step",
}
