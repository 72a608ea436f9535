"""Many requests, for long: what holds at the end that held at the beginning."""
