"""`cc-proxy logs`: find and format log lines."""
