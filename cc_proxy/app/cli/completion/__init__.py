"""`cc-proxy completion` and the words that it completes."""
