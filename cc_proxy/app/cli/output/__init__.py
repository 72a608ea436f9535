"""Everything that is printed: results, progress, colours, tables."""
