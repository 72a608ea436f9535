"""How long a command takes to begin, beside the interpreter alone."""
