"""What a session makes a model read again: real Claude Code sessions against a meter."""
