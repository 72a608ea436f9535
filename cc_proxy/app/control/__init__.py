"""The wire between the command line and a running proxy."""
