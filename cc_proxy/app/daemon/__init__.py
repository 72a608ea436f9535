"""The background process: where its files are, who it is, how it starts and stops."""
