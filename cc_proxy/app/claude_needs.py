"""What Claude Code needs of a model and its machine, as seen with 2.1.197 and 2.1.330."""

# Of a context window, in tokens: it starts with 12,000 to 25,000 and compacts 33,000 below the
# window, so with less it compacts again and again.
ENOUGH_WINDOW = 65_536
# Its first request with everything that it sends by default, in tokens (2.1.330).
FIRST_REQUEST_TOKENS = 12_000
# How long a person waits for the first answer of a session.
PATIENCE_SECONDS = 60.0
