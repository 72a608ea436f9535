"""The YAML file: read, located and quoted in errors."""
