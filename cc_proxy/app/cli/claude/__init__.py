"""`cc-proxy claude`: Claude Code with the settings it needs."""
