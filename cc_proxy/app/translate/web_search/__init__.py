"""Web search as the Messages API offers it: the tool, its rounds and its results."""
