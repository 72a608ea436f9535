"""`cc-proxy config`: write, show and check the configuration."""
