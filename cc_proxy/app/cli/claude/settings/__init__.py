"""Claude Code's settings files: their content, and settings that would bypass the proxy."""
