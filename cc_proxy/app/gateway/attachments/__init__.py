"""Documents and images in a request: fetched and turned into text."""
