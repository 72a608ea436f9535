"""What makes a release, and rehearses one: see README.md beside it."""
