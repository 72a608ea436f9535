"""Tests of a model's fitness for Claude Code: small tasks in a simulated workspace."""
