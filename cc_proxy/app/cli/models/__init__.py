"""`cc-proxy models`: list, pull, test and choose."""
