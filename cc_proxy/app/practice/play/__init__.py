"""The scripts that the practice model plays."""
