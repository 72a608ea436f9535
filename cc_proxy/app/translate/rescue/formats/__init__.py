"""How models write their calls: one reader a kind, and what opens each."""
