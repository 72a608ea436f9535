"""Names and arguments put right by the declared tools, for native and for written calls alike."""
