"""The prompt as the model sees it: token estimates, its prefix, and the turns kept for it."""
