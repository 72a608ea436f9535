"""`cc-proxy statusline`: the line below Claude Code's prompt, made several times a minute."""
