"""Real engines behind cc-proxy, metered by themselves."""
