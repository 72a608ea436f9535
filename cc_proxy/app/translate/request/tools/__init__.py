"""The tools of a request: their definitions, those that come later, and what is demanded."""
