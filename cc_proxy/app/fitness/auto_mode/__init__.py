"""Measuring a model as the safety check of Claude Code's auto mode."""
