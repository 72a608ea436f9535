"""The HTTP face towards Claude Code."""
