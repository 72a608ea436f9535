"""The practice model: its templates, its prompt meter and its speed."""
