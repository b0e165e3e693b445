"""The twin: a model of the chip that follows what is measured, says what it expected, and tells when they part."""
