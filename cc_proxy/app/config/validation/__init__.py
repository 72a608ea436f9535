"""From YAML values to settings, with errors that name the place."""
