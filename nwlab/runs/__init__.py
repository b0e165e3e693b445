"""Playing a protocol on a chip and keeping what happens."""
