"""Whether a model is fit for Claude Code: small tasks in a workspace that is only pretended."""
