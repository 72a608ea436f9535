"""What makes the generated files of the repository."""
