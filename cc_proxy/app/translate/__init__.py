"""Pure functions between the two wires: no I/O, no clock, no randomness but what is passed in."""
